// `pip install -e .` of a project whose extension is up to date: with the backend retorch.build, with setuptools and torch's
// BuildExtension, and of a package without any extension, which is what pip itself takes.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { measure, runOrThrow } from "../lib/measure.mjs";
import { oneFile, oneFileName, setupPy, writeProject } from "../lib/projects.mjs";

const project = (name, backend) => `[build-system]
requires = []
build-backend = "${backend}"

[project]
name = "${name}"
version = "1"
`;

/** A virtual environment that sees the packages of the Python with PyTorch, and retorch's. */
function environment(context) {
  const folder = join(context.scratch, "install-editable", "venv");
  runOrThrow(context.tools.python, ["-m", "venv", "--clear", "--without-pip", folder]);
  const packages = (python) =>
    runOrThrow(python, ["-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"]).trim();
  const python = join(folder, "bin", "python");
  const seen = [packages(context.tools.python), join(context.scratch, "program", "python")];
  writeFileSync(join(packages(python), "seen.pth"), `${seen.join("\n")}\n`);
  return { python, path: `${join(folder, "bin")}:${process.env.PATH}` };
}

export const installEditable = {
  name: "install-editable",
  title: "`pip install --no-build-isolation -e .` with nothing changed",
  needs: ["python", "ninja"],
  rounds: 5,
  prepare(context) {
    const { python, path } = environment(context);
    const source = { "ops.cpp": oneFile(context) };
    const at = (name) => join(context.scratch, "install-editable", name);
    const folders = {
      retorch: writeProject(at("retorch"), {
        "pyproject.toml": `${project("by-retorch", "retorch.build")}
[tool.retorch.extension.${oneFileName}]
sources = ["ops.cpp"]
`,
        ...source,
      }),
      setuptools: writeProject(at("setuptools"), {
        "pyproject.toml": project("by-setuptools", "setuptools.build_meta"),
        "setup.py": setupPy("by-setuptools", ["ops.cpp"]).replace(
          'CppExtension("by-setuptools"',
          `CppExtension("${oneFileName}"`,
        ),
        ...source,
      }),
      nothing: writeProject(at("nothing"), {
        "pyproject.toml": project("nothing", "setuptools.build_meta"),
        "nothing.py": "",
      }),
    };
    const install = (folder) => ({
      argv: [python, "-m", "pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "-e", "."],
      cwd: folder,
      env: { PATH: path, RETORCH_NODE: context.tools.node, RETORCH_CACHE_DIR: join(at("cache")) },
    });
    const contenders = [
      { name: "retorch.build", command: install(folders.retorch) },
      { name: "setuptools, BuildExtension", command: install(folders.setuptools) },
      { name: "pip, no extension", reference: true, command: install(folders.nothing) },
    ];
    // The second one sees the files that the first ones added to what Python's start reads.
    for (let i = 0; i < 2; i++) for (const { command } of contenders) measure(context, command);
    return {
      contenders,
      targets: [
        {
          text: "An editable install, unchanged: processor time beside that of a package without extensions (times)",
          limit: 1.5,
          value: (by) => by["retorch.build"].cpu / by["pip, no extension"].cpu,
        },
      ],
    };
  },
};
