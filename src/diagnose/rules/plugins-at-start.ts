/**
 * What programs compile or want while they start, and what their helpers say of it: StyleGAN's plugins, nvdiffrast, the libraries of
 * warp-transducer and warp-ctc. It does not read the compiler's own messages below them.
 */
import { editionOf } from "../commands/checkouts.ts";
import { forgetJitBuild } from "../commands/jit-folders.ts";
import { framesAt } from "../matchers.ts";
import {
  changeFolder,
  knownCapabilities,
  pip,
  platformOf,
  python,
  quote,
  reinstall,
  setVariable,
  toolkitFolder,
  torchCuda,
} from "../commands/commands.ts";
import { type Rule, said } from "../rule.ts";
import { cmakeAgain } from "../commands/typed-again.ts";

export const pluginAtStartRules: readonly Rule[] = [
  {
    id: "stylegan-finds-no-visual-studio",
    title: "StyleGAN's helper finds no Visual Studio",
    on: ["exception"],
    specificity: 88,
    matches: (finding) => said(finding, /Could not find MSVC\/GCC\/CLANG installation on this computer/),
    confidence: "high",
    cause: () =>
      "The plugins are compiled when the program starts, and cl.exe is neither on PATH nor in one of the folders that torch_utils/custom_ops.py looks in: `C:\\Program Files (x86)\\Microsoft Visual Studio`, with Professional, BuildTools or Community below. Visual Studio is not installed, or without C++, or it is one of 2022, which lies in `C:\\Program Files`.",
    fix: (match) => {
      const install =
        'winget install --id Microsoft.VisualStudio.2019.BuildTools --override "--passive --wait --add Microsoft.VisualStudio.Workload.VCTools --includeRecommended"';
      const why = "the build tools of 2019, which lie where it looks, and which CUDA 11 takes";
      return [
        '"C:\\Program Files\\Microsoft Visual Studio\\2022\\Community\\VC\\Auxiliary\\Build\\vcvars64.bat"',
        "# with cl.exe on PATH the folders do not matter. The same: the x64 Native Tools Command Prompt of Visual Studio, with conda activate there",
        ...(match.context.log.powerShell
          ? [`# where.exe cl still finds nothing, no Visual Studio has C++: ${install}   (${why}), then a new prompt`]
          : [`where cl || ${install}   # where none has C++: ${why}; then in a new prompt`]),
        "# a Visual Studio of its own place: its folder to the patterns of _find_compiler_bindir() in that file, as C:/Program Files/Microsoft Visual Studio/*/*/VC/Tools/MSVC/*/bin/Hostx64/x64",
      ];
    },
    sources: [
      "NVlabs/stylegan3: torch_utils/custom_ops.py",
      "NVlabs/stylegan3#124",
      "NVlabs/stylegan3#202",
      "RameenAbdal/StyleFlow#13",
    ],
    examples: [
      {
        text: 'RuntimeError: Could not find MSVC/GCC/CLANG installation on this computer. Check _find_compiler_bindir() in "D:\\stylegan3-main\\torch_utils\\custom_ops.py".',
        expect: "winget install --id Microsoft.VisualStudio.2019.BuildTools",
      },
      {
        text: 'PS D:\\gan> python show.py\nRuntimeError: Could not find MSVC/GCC/CLANG installation on this computer. Check _find_compiler_bindir() in "D:\\gan\\torch_utils\\custom_ops.py".',
        expect: "ForEach-Object { if ($_ -match",
      },
    ],
  },
  {
    id: "nvdiffrast-too-old",
    title: "The installed nvdiffrast is too old",
    on: ["exception"],
    specificity: 88,
    matches: (finding) =>
      said(
        finding,
        /module ['"]nvdiffrast(?:\.torch)?['"] has no attribute ['"](?<name>RasterizeCudaContext|DepthPeeler)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` came with nvdiffrast 0.3, and the one that Python imports is older: a copy that a project brings along, or an installation from before, which stands in front of the clone.`,
    fix: (match) => [
      pip(match, "uninstall -y nvdiffrast"),
      ...reinstall(match, "nvdiffrast"),
      `${python(match)} -c "import nvdiffrast; print(nvdiffrast.__version__, nvdiffrast.__file__)"   # from another folder than a clone: 0.3 or newer, in site-packages`,
    ],
    sources: ["NVlabs/nvdiffrast#189", "NVlabs/nvdiffrast#92", "sicxu/Deep3DFaceRecon_pytorch#108"],
    examples: [
      {
        text: "AttributeError: module 'nvdiffrast.torch' has no attribute 'RasterizeCudaContext'",
        expect: "git+https://github.com/NVlabs/nvdiffrast.git",
      },
    ],
  },
  {
    id: "nvdiffrast-without-egl",
    title: "nvdiffrast's OpenGL part finds no EGL or OpenGL to link with",
    on: ["undefined-symbol", "missing-library"],
    specificity: 92,
    matches: (finding, { findings }) =>
      (finding.kind === "undefined-symbol" &&
        /nvdiffrast_plugin_gl/.test(finding.file ?? "") &&
        /^(?:egl|gl|GL)[A-Z]/.test(finding.symbol ?? "")) ||
      (finding.kind === "missing-library" &&
        finding.phase === "link" &&
        /^(?:-l)?(?:lib)?(?:GL|EGL)\b/.test(finding.library ?? "") &&
        findings.some(({ text }) => text.includes("nvdiffrast")))
        ? { name: finding.symbol ?? finding.library }
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is of OpenGL or EGL: nvdiffrast's RasterizeGLContext compiles a plugin against both when it is first used, and their development files are not there (servers, containers), or it was compiled before they were.`,
    fix: (match) => [
      "# dr.RasterizeCudaContext() in place of dr.RasterizeGLContext() needs neither (nvdiffrast 0.3 and newer); else:",
      "sudo apt-get install libgl1-mesa-dev libegl1-mesa-dev libgles2-mesa-dev",
      ...(forgetJitBuild(match) ?? [
        "rm -rf ~/.cache/torch_extensions/*/nvdiffrast_plugin_gl",
        "# then run the program again",
      ]),
    ],
    sources: ["NVlabs/nvdiffrast#92", "ShenhanQian/VHAP#11", "NVlabs/nvdiffrast: docker/Dockerfile"],
    examples: [
      {
        text: "ImportError: /root/.cache/torch_extensions/py38_cu113/nvdiffrast_plugin_gl/nvdiffrast_plugin_gl.so: undefined symbol: eglGetProcAddress",
        expect: "libegl1-mesa-dev",
      },
      {
        text: "/usr/bin/ld: cannot find -lEGL: No such file or directory\nRuntimeError: Error building extension 'nvdiffrast_plugin_gl'",
        expect: "RasterizeCudaContext",
      },
    ],
  },
  {
    id: "rasterizer-of-other-edition",
    title: "The Gaussian rasterizer is of another edition than the project",
    on: ["exception"],
    specificity: 88,
    matches: (finding) =>
      said(
        finding,
        /(?:GaussianRasterizationSettings\.__new__\(\)|__new__\(\)|<lambda>\(\)) (?:got an unexpected keyword argument|missing \d+ required positional arguments?:) ['"](?<name>antialiasing|kernel_size|subpixel_offset|require_depth|require_coord|confidence|f_count|pixel_weights)['"]/,
      ),
    confidence: "high",
    cause: (match) =>
      `GaussianRasterizationSettings and the program that calls it do not agree about \`${match.facts["name"] ?? ""}\`: projects upon 3D Gaussian Splatting carry editions of diff-gaussian-rasterization of their own under one name, and the one that was installed last is that of another project, or older than the clone.`,
    fix: (match) => {
      const edition = editionOf(match, "diff-gaussian-rasterization");
      const root = edition?.replace(/[\\/]submodules[\\/].*$/, "");
      const here =
        platformOf(match) === "win32"
          ? ".\\submodules\\diff-gaussian-rasterization"
          : "./submodules/diff-gaussian-rasterization";
      return [
        ...(root === undefined || root === edition ? [] : [changeFolder(match, root)]),
        "git submodule update --init --recursive   # the edition that this project names",
        pip(match, "uninstall -y diff-gaussian-rasterization"),
        pip(match, `install --no-build-isolation --no-cache-dir --no-deps ${here}`),
      ];
    },
    sources: ["graphdeco-inria/gaussian-splatting#1032", "wen-yuan-zhang/GS-Pull#7", "SunshineWYC/BlockGaussian#2"],
    examples: [
      {
        text: "TypeError: GaussianRasterizationSettings.__new__() got an unexpected keyword argument 'antialiasing'",
        expect: "./submodules/diff-gaussian-rasterization",
      },
      {
        text: "TypeError: __new__() missing 1 required positional argument: 'antialiasing'",
        expect: "another project",
      },
    ],
  },
  {
    id: "warp-library-not-built",
    title: "The library of warp-transducer or warp-ctc was not built",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) => said(finding, /^Could not find lib(?<name>warprnnt|warpctc)\.so in /),
    confidence: "medium",
    cause: (match) =>
      `setup.py of the binding wants lib${match.facts["name"] ?? ""}.so, which CMake and make build before: that failed, or was left out because the folder build is there from an attempt before. What they said first is the cause.`,
    fix: (match) => {
      const folder = match.facts["name"] === "warpctc" ? "warp-ctc" : "warp-transducer";
      const toolkit = setVariable(
        match,
        "CUDA_HOME",
        toolkitFolder(match, torchCuda(match) ?? match.context.log.spokenCuda),
      );
      return match.context.findings.some(({ text }) => text.includes(`${folder}.done`))
        ? [
            `rm -rf ${folder} ${folder}.done && make ${folder}.done   # in espnet/tools, without -j: the first error of cmake or make is the cause`,
          ]
        : [
            toolkit,
            `rm -rf ../build && cmake -S .. -B ../build -DCUDA_TOOLKIT_ROOT_DIR=$CUDA_HOME && cmake --build ../build   # in ${folder}/pytorch_binding: the first error here is the cause`,
            `${python(match)} setup.py install`,
          ];
    },
    sources: ["espnet/espnet#1151"],
    examples: [
      {
        text: "Could not find libwarprnnt.so in ../build.\nmake: *** [warp-transducer.done] Error 1",
        expect: "rm -rf warp-transducer warp-transducer.done",
      },
      { text: "Could not find libwarpctc.so in ../build.", expect: "cmake --build ../build" },
    ],
  },
  {
    id: "pyngp-not-built-for-this-python",
    title: "instant-ngp's Python module is not there for this Python",
    on: ["exception"],
    specificity: 80,
    matches: (finding) => said(finding, /No module named ['"]pyngp['"]/),
    confidence: "high",
    cause: () =>
      "`pyngp` is built by CMake into instant-ngp's folder `build`, for the Python that CMake found: it was not built (CMake found no Python with its headers), was built for another Python than the one that runs the script, or lies in another folder.",
    fix: (match) => {
      const windows = platformOf(match) === "win32";
      const root = /^((?:[A-Za-z]:)?[\\/].{1,200}?)[\\/]scripts[\\/]\w+\.py:/.exec(framesAt(match).at(-1) ?? "")?.[1];
      return [
        ...(root === undefined ? [] : [changeFolder(match, root)]),
        windows ? "dir /s /b build\\*pyngp*.pyd" : "find build -name 'pyngp*.so'   # cp39, cpython-39: for Python 3.9",
        windows
          ? `for /f "delims=" %i in ('${python(match)} -c "import sys; print(sys.executable)"') do cmake . -B build -DPython_EXECUTABLE="%i"`
          : `cmake . -B build -DCMAKE_BUILD_TYPE=RelWithDebInfo -DPython_EXECUTABLE="$(${python(match)} -c 'import sys; print(sys.executable)')"`,
        "cmake --build build --config RelWithDebInfo -j",
      ];
    },
    sources: ["NVlabs/instant-ngp#43", "NVlabs/instant-ngp#688"],
    examples: [
      {
        text: "  File \"/w/instant-ngp/scripts/run.py\", line 25, in <module>\n    import pyngp as ngp\nModuleNotFoundError: No module named 'pyngp'",
        expect: "cd /w/instant-ngp",
      },
    ],
  },
  {
    id: "tiny-cuda-nn-knows-no-architecture",
    title: "tiny-cuda-nn has no GPU architecture to build for",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      /tiny-cuda-nn[\\/]CMakeLists\.txt/.test(`${finding.file ?? ""} ${finding.text}`)
        ? said(finding, /list GET given empty list/)
        : undefined,
    confidence: "high",
    cause: () =>
      "The list of GPU architectures is empty: none was detected (no GPU in sight, no driver), or the GPU is newer than this nvcc, so that its architecture was taken out of the list.",
    fix: (match) => {
      const known = knownCapabilities(match)[0] ?? match.context.log.namedCapability;
      return [
        "nvidia-smi --query-gpu=compute_cap,name --format=csv; nvcc --version   # 8.6 needs CUDA 11.1, 8.9 CUDA 11.8, 12.0 CUDA 12.8",
        `${setVariable(match, "TCNN_CUDA_ARCHITECTURES", known?.replace(".", "") ?? "80")}   # ${known === undefined ? "the GPU's number without the dot, or the newest that nvcc knows below it: 86 → 80" : "the GPU that the text names"}`,
        ...(cmakeAgain(match, []) ?? (match.context.log.installer === undefined ? ["cmake . -B build"] : [])),
      ];
    },
    sources: ["NVlabs/instant-ngp#802", "NVlabs/tiny-cuda-nn#492"],
    examples: [
      {
        text: "CMake Error at dependencies/tiny-cuda-nn/CMakeLists.txt:111 (list):\n  list GET given empty list",
        expect: "TCNN_CUDA_ARCHITECTURES",
      },
    ],
  },
  {
    id: "include-folder-is-a-file",
    title: "A variable that should name a folder names a file",
    on: ["driver"],
    specificity: 70,
    matches: (finding) =>
      said(finding, /^(?<file>[^\s:]*[\\/][\w-]+\.\w+)[\\/](?<below>include\w*|lib\w*): Not a directory/),
    confidence: "high",
    cause: (match) =>
      `The compiler is given \`${match.facts["file"] ?? ""}/${match.facts["below"] ?? ""}\` to look in, and \`${match.facts["file"] ?? ""}\` is a file. Torch and set-up scripts put /include behind CUDA_HOME (or CUDA_PATH, CUDA_ROOT): one of these holds that path.`,
    fix: (match) => [
      ...(platformOf(match) === "win32"
        ? [`set | findstr /l ${quote(match.facts["file"] ?? "")}`]
        : [`env | grep -F ${quote(match.facts["file"] ?? "")}   # which variable is it?`]),
      setVariable(
        match,
        "CUDA_HOME",
        toolkitFolder(match, torchCuda(match) ?? match.context.log.cuda ?? match.context.log.spokenCuda),
      ),
      "# and out of ~/.bashrc, where the line stands that set it; then the same command again",
    ],
    sources: ["espnet/espnet#1151", "pytorch: torch/utils/cpp_extension.py"],
    examples: [
      {
        text: "cc1plus: error: /home/u/anaconda3/etc/profile.d/conda.sh/include: Not a directory",
        expect: "env | grep -F /home/u/anaconda3/etc/profile.d/conda.sh",
      },
    ],
  },
];
