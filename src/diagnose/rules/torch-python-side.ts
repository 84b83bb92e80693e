/** The Python side of torch and of modules: parts of two releases, names that are not there, folders that hide them. */
import { own } from "../../base/own.ts";
import { installTorchSince, pip, platformOf, python, pythonVersion } from "../commands/commands.ts";
import { runningPackage } from "../tables/packages.ts";
import { type Match, type Rule, saidAny } from "../rule.ts";

/** Names of torch's Python side by the release that brought them (torch's release notes). */
const torchApiSince: Readonly<Record<string, string>> = {
  register_fake: "2.4",
  custom_op: "2.4",
  opcheck: "2.4",
  register_autograd: "2.4",
  register_kernel: "2.4",
  infer_schema: "2.5",
  triton_op: "2.6",
  wrap_triton: "2.6",
  register_vmap: "2.5",
  register_torch_dispatch: "2.5",
  scaled_dot_product_attention: "2.0",
  sdpa_kernel: "2.3",
  compile: "2.0",
  float8_e4m3fn: "2.1",
  float8_e5m2: "2.1",
  uint16: "2.3",
  SyclExtension: "2.7",
  set_default_device: "2.0",
};

/** The same that are gone, by the release that took them. */
const torchApiGone: Readonly<Record<string, string>> = { _six: "2.0" };

/** A free-threaded Python with packages of its own, and the way back. */
function ownFolderForFreeThreading(match: Match): string[] {
  const version = pythonVersion(match) ?? "3.13";
  const start =
    platformOf(match) === "win32"
      ? [`py -${version}t -m venv .venv-t`, ".venv-t\\Scripts\\activate"]
      : [`python${version}t -m venv .venv-t && . .venv-t/bin/activate`];
  return [
    ...start,
    "python -m pip install torch   # the wheel for the free-threaded Python, where the release has one for this system",
    `# or the same program with the Python that has torch already: ${platformOf(match) === "win32" ? `py -${version}` : `python${version}`}`,
  ];
}

/** The packages that bring the Python side of devices that torch has only the names of. */
const bringerOfDevice: Readonly<Record<string, string>> = {
  npu: "torch_npu",
  hpu: "habana_frameworks.torch.core",
  musa: "torch_musa",
  mlu: "torch_mlu",
  xla: "torch_xla",
};

/** Modules of Python itself that files of people are often named like. */
const standardNames =
  "abc|ast|bisect|calendar|code|codecs|collections|copy|csv|dataclasses|datetime|email|enum|functools|glob|heapq|html|http|inspect|io|json|keyword|locale|logging|math|numbers|operator|pickle|platform|profile|queue|random|re|secrets|select|signal|socket|ssl|stat|statistics|string|struct|subprocess|symbol|tempfile|test|threading|time|token|tokenize|trace|types|typing|uuid|warnings|weakref";
const ownInPlaceOfStandard = new RegExp(
  String.raw`cannot import name ['"]\w+['"] from ['"](?<module4>${standardNames})['"] \((?<from4>(?!(?:\/usr|[^)]{0,200})\/lib\/python\d|[A-Z]:\\[^)]{0,200}\\[Ll]ib\\)[^)\n]+\.py)\)`,
);

export const torchPythonSideRules: readonly Rule[] = [
  {
    id: "module-shadowed",
    title: "A file or folder of that name is imported in the module's place",
    on: ["exception"],
    specificity: 78,
    matches: (finding) => {
      const facts = saidAny(
        finding,
        ownInPlaceOfStandard,
        /No module named ['"](?<module3>(?:torch|numpy|setuptools|pybind11|triton|ninja))\.[\w.]+['"]; ['"]\w+['"] is not a package|partially initialized module ['"](?<module>(?!torchvision|torchaudio)\w+)['"] (?:from ['"](?<from>[^'"]+)['"] )?has no attribute ['"](?<name>\w+)['"]|consider renaming ['"](?<from2>[^'"]+)['"] since it has the same name as the (?:standard )?library module named ['"](?<module2>\w+)['"]/,
      );
      if (facts === undefined) return undefined;
      const own = new RegExp(`(?:^|[\\\\/])${facts["module"] ?? ""}\\.py:\\d+ `);
      const frame = finding.frames?.find((entry) => own.test(entry) && !/(?:site|dist)-packages/.test(entry));
      return { ...facts, from: facts["from"] ?? frame?.replace(/:\d+ .*$/s, "") };
    },
    confidence: (match) =>
      match.facts["from"] === undefined && !match.finding.message.includes("is not a package") ? "medium" : "high",
    cause: (match) =>
      match.finding.message.includes("is not a package")
        ? `\`import ${match.facts["module"] ?? ""}\` found a single file, where the installed package is a folder: a file ${match.facts["module"] ?? ""}.py in the working directory, beside the script or on PYTHONPATH hides it.`
        : match.facts["from"] === undefined
          ? `\`import ${match.facts["module"] ?? ""}\` found a file that is not done yet: a file ${match.facts["module"] ?? ""}.py (or a folder of that name) in the working directory hides the package, or the package's own files import each other in a circle.`
          : `\`${match.facts["from"]}\` has the name of the package \`${match.facts["module"] ?? ""}\` and is imported in its place.`,
    fix: (match) => {
      const module = match.facts["module"] ?? "";
      const file = match.facts["from"] ?? `${module}.py`;
      return [
        `${python(match)} -c "import ${module}; print(${module}.__file__)"   # which file is it?`,
        `mv ${file} ${file.replace(/\.py$/, "")}_example.py; rm -rf __pycache__/${module}.*`,
      ];
    },
    sources: ["https://docs.python.org/3/whatsnew/3.13.html#improved-error-messages"],
    examples: [
      {
        text: "Traceback (most recent call last):\n  File \"/home/u/torch.py\", line 1, in <module>\n    import torch\n  File \"/home/u/torch.py\", line 2, in <module>\n    x = torch.ones(3)\nAttributeError: partially initialized module 'torch' has no attribute 'ones' (most likely due to a circular import)",
        expect: "mv /home/u/torch.py",
      },
      {
        text: "$ python setup.py build_ext --inplace\nTraceback (most recent call last):\n  File \"/w/p/setup.py\", line 2, in <module>\n    from torch.utils.cpp_extension import BuildExtension\nModuleNotFoundError: No module named 'torch.utils'; 'torch' is not a package",
        expect: "mv torch.py torch_example.py",
      },
      {
        text: "$ python score.py\n  File \"/w/p/score.py\", line 3, in <module>\n    import torch\n  File \"/e/lib/python3.12/site-packages/torch/fx/passes/infra/pass_manager.py\", line 6, in <module>\n    from queue import Queue\nImportError: cannot import name 'Queue' from 'queue' (/w/p/tools/queue.py)",
        expect: "mv /w/p/tools/queue.py /w/p/tools/queue_example.py",
      },
    ],
  },
  {
    id: "torch-installation-mixed",
    title: "Two torch installations are mixed, or a folder hides torch",
    on: ["exception"],
    specificity: 74,
    matches: (finding) =>
      saidAny(
        finding,
        /module ['"]torch\._C['"] has no attribute ['"](?<name>_TensorBase|_init_names|_\w*Base|_dlpack_exchange_api|_set_torch_function_mode)['"]/,
        /has no attribute ['"](?<name>_init_names|_TensorBase)['"]/,
        /No module named ['"]torch\._C['"]/,
        /module ['"]torch['"] has no attribute ['"](?<name>Tensor|__version__|tensor|cuda|nn|ones|device|version|utils)['"]/,
        /Failed to load PyTorch C extensions|loaded the `torch\/_C` folder/,
        /cannot import name ['"](?<name>\w+)['"] from ['"]torch\._C['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      match.context.log.freeThreaded && /Failed to load PyTorch C|torch\/_C|torch\._C['"]/.test(match.finding.message)
        ? "The program runs with a free-threaded Python (the t behind its version), and the torch that it finds was installed by the ordinary Python of that version: both share one folder of packages, and a module that is compiled for one (cp313) is none for the other (cp313t)."
        : `torch's Python files and its compiled part are not of one installation${match.facts["name"] === undefined ? "" : ` (\`${match.facts["name"]}\` is missing)`}: files of two versions lie in one folder (conda and pip, an upgrade that was interrupted), or a folder or file named torch in the working directory (a clone of pytorch) is found first.`,
    fix: (match) => [
      ...(match.context.log.freeThreaded ? ownFolderForFreeThreading(match) : []),
      ...(match.context.log.freeThreaded
        ? []
        : [
            `cd / && ${python(match)} -c "import torch; print(torch.__file__, torch.__version__)"   # is it the one that is meant?`,
            pip(match, "uninstall -y torch"),
            pip(match, "install --no-cache-dir torch"),
          ]),
    ],
    sources: ["pytorch/pytorch#2094", "pytorch/pytorch#8088", "pytorch/pytorch#151584"],
    examples: [
      {
        text: "PS D:\\ai> python3.13t .\\main.py\nImportError: Failed to load PyTorch C extensions:",
        expect: "py -3.13t -m venv",
      },
      { text: "AttributeError: module 'torch._C' has no attribute '_TensorBase'", expect: "uninstall" },
      { text: "ModuleNotFoundError: No module named 'torch._C'", expect: "two versions" },
    ],
  },
  {
    id: "backend-module-not-registered",
    title: "The module of a device of one's own is not registered",
    on: ["exception"],
    specificity: 82,
    matches: (finding) =>
      saidAny(
        finding,
        /No module named ['"]torch\.(?<device>privateuseone)['"]/,
        /module ['"]torch['"] has no attribute ['"](?<device>privateuseone)['"]/,
        /Device '(?<device>\w+)' does not have a corresponding module registered as 'torch\.\w+'/,
        /Expected one of .{1,200} device type at start of device string: (?<device>privateuseone)\b/,
        /torch has no module of '(?<device>\w+)', you should register a module by `torch\._register_device_module`/,
      ),
    confidence: "high",
    cause: (match) =>
      `Tensors of the device \`${match.facts["device"] ?? ""}\` (torch's key PrivateUse1, for backends outside of torch) are in use, and torch looks for its Python side as \`torch.${match.facts["device"] ?? ""}\`: nobody has registered that module, or it is done after the first use. Printing, random numbers, autocast and pickling ask for it.`,
    fix: (match) => {
      const bringer = own(bringerOfDevice, match.facts["device"] ?? "");
      if (bringer !== undefined)
        return [
          `${python(match)} -c "import torch, ${bringer}; print(torch.__version__)"   # does it load? Then in the program, too: import ${bringer} behind import torch`,
          `# it is not there: the release of ${bringer.split(".")[0]?.replaceAll("_", "-") ?? ""} for this torch`,
        ];
      const device = match.facts["device"] === "privateuseone" ? "my_device" : (match.facts["device"] ?? "my_device");
      return [
        `# once, before the first tensor: ${match.facts["device"] === "privateuseone" ? `torch.utils.rename_privateuse1_backend("${device}"); ` : ""}torch._register_device_module("${device}", module), with device_count(), current_device(), is_available(), _is_in_bad_fork(), manual_seed_all(seed) in the module`,
        "# then torch.utils.generate_methods_for_privateuse1_backend(); a package of its own does both in its __init__.py: import it behind torch",
      ];
    },
    sources: [
      "pytorch/pytorch#144955",
      "https://docs.pytorch.org/tutorials/advanced/privateuseone.html",
      "pytorch: torch/utils/backend_registration.py",
    ],
    examples: [
      { text: "ModuleNotFoundError: No module named 'torch.privateuseone'", expect: "rename_privateuse1_backend" },
      {
        text: "RuntimeError: Device 'mydev' does not have a corresponding module registered as 'torch.mydev'.",
        expect: '_register_device_module("mydev"',
      },
      {
        text: "RuntimeError: Device 'npu' does not have a corresponding module registered as 'torch.npu'.",
        expect: "import torch, torch_npu",
      },
    ],
  },
  {
    id: "torch-python-api-missing",
    title: "The Python side of the package is for another torch version",
    on: ["exception"],
    specificity: 64,
    matches: (finding) =>
      saidAny(
        finding,
        /module ['"](?<module>torch(?:vision)?(?:\.[\w.]+)?)['"] has no attribute ['"](?<name>\w+)['"]/,
        /cannot import name ['"](?<name>\w+)['"] from ['"](?<module>torch(?:vision)?(?:\.[\w.]+)?)['"]/,
        /No module named ['"](?<module>torch(?:vision)?\.[\w.]+)['"]/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["module"] ?? "torch"}${match.facts["name"] === undefined ? "" : `.${match.facts["name"]}`}\` does not exist in the torch that is installed${match.context.environment?.torch === undefined ? "" : ` (${match.context.environment.torch.version})`}: the package was written for a newer torch, or for an older one that still had it.`,
    fix: (match) => {
      const name = match.facts["name"] ?? match.facts["module"]?.split(".").at(-1) ?? "";
      const since = own(torchApiSince, name);
      const gone = own(torchApiGone, name);
      const user = runningPackage(match);
      const release = user === undefined ? "the package" : user;
      return [
        `${python(match)} -c "import torch; print(torch.__version__)"`,
        ...(since === undefined
          ? []
          : [installTorchSince(match, since) + `   # which has ${name}; or an older release of ${release}`]),
        ...(gone === undefined
          ? []
          : [
              (user === undefined ? "# a newer release of the package" : pip(match, `install --upgrade ${user}`)) +
                `   # ${name} was taken out of torch ${gone}`,
            ]),
        ...(since === undefined && gone === undefined
          ? [`# install the torch that the documentation of ${release} names, or its release for this torch`]
          : []),
      ];
    },
    sources: ["facebookresearch/theseus#376"],
    examples: [
      {
        text: "AttributeError: module 'torch.utils.cpp_extension' has no attribute 'CUDA_GCC_VERSIONS'",
        expect: "newer torch",
      },
      { text: "ModuleNotFoundError: No module named 'torch._six'", expect: "torch._six" },
      {
        text: "Traceback (most recent call last):\n  File \"/e/lib/python3.10/site-packages/torchvision/_meta_registrations.py\", line 163, in <module>\n    @torch.library.register_fake(\"torchvision::nms\")\nAttributeError: module 'torch.library' has no attribute 'register_fake'",
        expect: "torch>=2.4",
      },
    ],
  },
];
