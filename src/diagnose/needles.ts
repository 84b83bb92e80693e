/**
 * The words by which a line of a log shows that it may matter. They are looked for in the bytes, before a line is even made
 * a text, so what says nothing costs nothing.
 */
import { compiledPackages } from "./tables/packages.ts";
import { byteSearch, type ByteSearch, type Needle } from "./text/byte-search.ts";

/** The line may matter. */
export const markTrigger = 1;
/** It may, when the letter belongs to a code as Microsoft's tools write them: `codes` says. */
export const markCode = 2;
/** It tells of the machine, of Python or of Windows. */
export const markFact = 4;
/** Beside a trigger: it hardly says anything else than that something failed. */
export const markStrong = 8;
/** Beside a trigger: it has the form of a tool's message. */
export const markMessage = 32;
/** It names something that tells it from other lines with the same words. */
const markName = 16;

/** It names torch. */
export const markTorch = 64;

/** `C2065`, `LNK2019`, … */
export const codes = /\b(?:C|D|LNK|MSB)\d{4}\b/;

/**
 * A line without any of these cannot matter, unless a parser waits for it. Every message that a parser knows has one of
 * them; the fixtures of the tests prove it. Between bars, so that white space counts.
 */
const triggers = String.raw`
rror|RROR|atal|ndefined|nresolved|ot found|NOT FOUND|annot|an't|can not|Can not|ould not|ouldn't|
o such file|No module|issing|illed|SIGKILL|SIGSEGV|signal|died|raceback|xception|nsupported|ot supported|
ompatible|ismatch|match|enied|o space|No CUDA|No GPU|No HIP|equired|equires|failed|FAILED|Failed|Failure|
ersion|ymbol not|needed by|not loaded|nvalid|nknown|nrecognized|not recognized|nable to|f memory|hint:|could be found|NMake Make|
extensions root|Timeout|imed out|TIME LIMIT|most recent call|TORCH_LIBRARY|register|terminate called|what()|
egmentation|core dumped|multiple definition|duplicate|skipping incompatible|file not recognized|
operand types|kernel image|ot compiled|ot declared|without GPU|Your compiler|Warning|WARNING|OOM|oom-|allocat|
exhausted|not set|CUDA_HOME|too old|too long|oo many|an't create|ne peut|trouver|puede encontrar|не найти|
nicht finden|not current|not supported because|*** |corrupted|oo short|Killed|temporarily|
ermitted|bad_alloc|llegal|misaligned|device|launch|exit code|exit status|returned a non-zero|NumPy|numpy|
File "|During handling|direct cause|错|錯|Fehler|fehler|erreur|errore|erro:|ошибка|エラー|오류|未定义|模块|程序|无法|
not define|does not|build stopped|no work to do|conflict|depends on|recompile|cannot find|Only a single|
Expected in|Referenced from|vtable|skew|submodule|not a git|externally|o such option|Stale file|ry time|ch time|ery import|ach import|ery start|ach start|ery launch|ach launch|ery run|ach run|very single|ASan|
AddressSanitizer|codec can|Guessing wheel|Precompiled wheel|Duplicate definition|match-runtime|Because|
HASHES|Microsoft Visual|Conda|NotFound|up PyTorch plugin|Unsatisfiable|relocation|mach-o|quota|interrupt|lost communication|
canceled|in the future|recursively|WinError|can only be|is not a|arch_list[|ignoring file|capability|Fatal|
qemu|exec format|unavailable: introduced|Native API|pre-compile|ABI version|By not providing|Could NOT|
wasn't set|Found two|file format|has no attribute|xitcode|xitCode|ssertion|
fault by GPU|not installed|NCCL|nccl|is lost|fallen off|NVRM|XPU|/dev/kfd|must be|hould be|xpected|only support|GIL|
viable|xtra operand|known conversion|n wrong format|equested here|see reference to|nstantiation of|aited on|not member|what(|xited|with code|0xc0000|0xC0000|#0  0x|#0 0x|frame #0: |= Backtrace: |::at|raph break|larger than max_size|_M_|ocate package|installation candidate|o package|o match|find a match|such package|target not|NO_PUBKEY|baseurl|for repo|mirrorlist|cd: |stat '|cache key|COPY failed|SandboxViolation|uitable distribution|istribution |file_baton|Allowing ninja|envvar MAX_JOBS|Building extension|Interrupt|subsequent index|lines of output|end of output|Docker daemon|PyPI package is|an't open file|irtual package|nothing provides|batch response|data quota|not our ref|cmdlet|applet|komandlet|командлет|识别为|nicht gefunden|introuvable|找不到|未找到|no encontrad|não encontrad|non trovat|не найден|見つかりません|ultiple rules|(you have|minor version|ree space in|geographic area|network timeout|slug size|nzipped|modulefile|walltime|RUNLIMIT|==    at 0x|recognized processor|running against|linked against|.o): in function|problems while solving|Microsoft C++|Sanitizer: |== Invalid |uninitialised value|libprotobuf |CODESIGN|MKL FATAL|active drivers|ntry point|double free|free(): |malloc(): |munmap_chunk|= Invalid __|= Error: |Race reported|azard detected|uccessfully installed|Finished processing dep|but was built for|ackages in |ackage in |.o): In function|CUDA SETUP: P|WindowsPath
|nrecognised emul|nsatisfiable|imposed_constraint|concretize|oncretization|minimum target of|not satisfy dep|impure path
|n expansion of macro|soft (R) C/C++
|calling init: 
|--ignore_cache|unfree license|marked as |QA Issue|ould reformat|fixable with|(checked |hook id: |Must specify CUDA|cuda_arch=none|ncorrectly sorted
|acobian m|ailed assertion|ception in aoti_torch|uild program log|was built for |eentrant
|s are not close!|s are not equal!|negative dimension
| files found with path|More than one file was found with OS|but linking in |in global part of symbol|issing operator: [
|required file not found|: in <module>|\r': No 
|Unrecognized data format|
required file not found|: in <module>|\r': No 
|xpansion of macro
|has this __file__ attribute
|undeclared name not
|undeclared name not builtin
`;

const strong = String.raw`
undefined symbol|ndefined reference|nresolved external|No such file|cannot open shared|No module named|cannot find|an't find|
ould not find|ot found|Killed|illed by|signal 9|No space left|emory|egmentation fault|nsupported gpu|nsupported GNU|
no kernel image|ermission denied|mismatche|does not match|does not contain|too new|too old|command not found|not supported|
not compiled with|terminate called|core dumped|nrecognized|Symbol not found|such option|can not be used|relocation R_|
compiled using
`;

/** With the punctuation of a tool: not by chance in prose. */
const messages = String.raw`
error: |Error: |ERROR: |error : |error   : |fatal   : |fatal error|error C|error LNK|error MSB|Fehler: |erreur: |错误：|错误:|
Traceback (|collect2: |Warning: |fatal: |CMake Error|CMake Warning|ld: |make: ***|link: extra operand|link: missing operand|link: unknown option|link: unrecognized option|link: invalid option|Exception: |: undefined
`;

const names = String.raw`
torch|c10|at::|cuda|CUDA|Cuda|cudnn|cublas|cusparse|nccl|nvcc|nvrtc|ptxas|nvlink|cicc|pybind|ython|numpy|NumPy|GLIBC|libstdc|
CXXABI|ninja|cmake|CMake|ccache|conda|hip|rocm|ROCm|sm_|compute_|-l|.so|.h:|.cuh|.dll|.pyd|.lib|.dylib|std=c++|-std|/bin/|gcc|
g++|clang|cl.exe|ld:|collect2|setuptools|wheel|triton|xformers|flash|apex|mmcv|_ZN|memory|disk|space|permission|git|http
`;

const facts =
  "CXX_STANDARD|running bdist_|running develop|running install|running build_ext|.bat|.ps1|vllm |lmdeploy |sglang |trtllm-|llamafactory|static-global-template|files have been written|compiler identification is NVIDIA|Found CUDA|cmake -S|cmake -B|cmake -G|cmake .|cmake --build|nvcc -|hipcc -|$ g++|$ gcc|$ clang|# g++|# gcc|# clang|cmake --b|$ make|# make|&& make|make -j|make[|make: |$ ninja|ninja -C|-m build|$ bash |# bash |$ sh |$ ./|# ./|.c -o|building '|-flto|clang++-|clang-1|clang-2|bin/g++-|bin/gcc-|ii  g++-|ii  gcc-|@arch|@@ -|.julia/packages|$ nvcc |$ hipcc |.cu -o |nvcc -o |go-build|runtime/cgo|*source* package|_PREFIX_PATH \"|_PREFIX_PATH /|cmake -D|cmake ..|setup.py|feedstock_root|etorch|PYBIND11_MODULE|TORCH_LIBRARIES|mmdet==|mmdet  |nvidia-cudnn-cu|nvidia-nccl-cu|.tar.gz (|0) - (|5) - (|Name: |CMAKE_ARGS|ython|:\\|tools, release|/cuda-|orch v|orch==|orch ==|lash_attn =|lash-attn =|aarch64|rch Linux|anjaro|acman -S|Found PythonInt|Found Python|have sudo|no sudo|sudo right|npm ERR|gyp ERR|orch: |torch  |orch 1|orch 2|orch**|orch：|torch=|__version__|+cpu|+cu1|+rocm|+xpu|you have |used to build|ABI|ibrary(|CC=|CXX=|CMakeFiles/|rocm|-std=|-cp3|.cp3|for 'sm_|orch_v|WSL|ubsystem for L|-dev|torch/include|MSVC|-windows|Collecting |Processing |Obtaining f|clang-cl|stdlib=| -l|.a |c++/v1|/usr/include|LIMITED_API|arty/|acosx|gfx1|gfx9|tegra|>>> |]: import |]: from |n -c |3 -c |sudo |Loading ext|Time to load|egra|etson|l4t-|mmcv|xformers |xformers=|xformers:|Version: |OS:|OS**|System: |Platform: |OS：|/py3|version.cuda|nv2|cargo |torch-sys|tch = |target/|rlib|n function `main|Jetson|Orin|Xavier|JetPack|>>> import|>>> from|/bin/nvcc -|_libraries(|_libraries (|_add_module(|_add_library(|add_executable(" +
  "|Emitting ninja build file |git clone |git pull|submodule update|submodule sync|Submodule '|submodule path '|" +
  // Prompts, cells, steps and traces, behind which commands stand; commands in sentences.
  "|$ | % |❯ |➜ |root@|PS C:|PS D:|!python|!cd |!bash |!sh |!make|!cmake|!./|!uv |!torchrun|+ cd |+ make|+ cmake|+ bash |+ ./|+ srun |+ uv |]Run | RUN |`hatch |`tox|`nox |`uv |`colcon|`catkin|`cargo |`bash |`./|`sh |`torchrun|`accelerate|`pytest|torchrun |accelerate launch|pytest |colcon build|catkin_make|tox -|nox -|hatch build|sbatch |srun |docker compose |docker build|docker-compose|tainer build|larity build|cd " +
  // Calls that fit no binding, an index for all, images, the report of DeepSpeed, links, where libraries and CUDA are sought, Triton's call of ptxas, names of AMD's GPUs.
  "|amba create |amba env |amba update |pip wheel |64 -arch |pip3 wheel |tainer exec |larity exec |ndex-url|orch/pytorch:|dia/cuda:|op name .|Invoked with|1. (arg0|1. (self|link.exe|efault-index|LIBRARY_PATH|CUDA_HOME=|CUDA_PATH=|whl/cpu|Bcpu|_PREFIX_PATH=|Torch_DIR=|CUMM_CUDA|CUDA 1|CUDA: 1|CUDA=1|CUDA version|CUDA Version|cuda 1|cuda: 1|cuda：1|cuda=1|cuda version|setup.py install|setup.py develop|setup.py build|osx 1|OSX 1|OS X 1|macOS 1|in indexes: |Repro command|Radeon|AMD Instinct|GeForce |Tesla |NVIDIA A|NVIDIA H|NVIDIA L|NVIDIA B|Quadro |RTX |GTX |TITAN |A100|H100|H200|V100|A40|A10G|L40|A6000|B200|P100|] RUN |cibuildwheel|cibw-run|.dylib not found|hostedtool|/home/runner|/__w/|/github/workspace|pip install |pip3 install |poetry install|poetry update|poetry lock|pdm install|odule load|gcc/4.|gcc/5.|gcc/6.|gcc/7.|gcc/8.|gcc/9.|gcc/10|gcc/11|gcc/12|gcc/13|gcc/14|GCC/7.|GCC/8.|GCC/9.|GCC/1|odule purge|odule avail|#SBATCH|/cvmfs/|/gridware/|/apps/|uv sync|uv add|pdm add|poetry add|git+http|Cloning http|(from -r |uv lock|uv run|uv pip|uvx |uv tool|.pixi|pixi install|pixi run|pixi add|pixi shell|poetry run|pdm run|✖ Install|amba activate|amba list|amba run|/micromamba/|/mambaforge/|ipykernel_|ipython-input|Cell In[|penSUSE|pensuse|SUSE Linux|SLES|zypper|ckylinux|malinux|oraclelinux|mazonlinux|centos|fedora|/ubi|-ubi|:~> |executor with image|PyPI packages|indows 1|indows1|n windows|n Windows|requirements to build|build dependencies|pip-build-env|exit code: -|current platform|win1|Win1|Win 1|acBook|acbook|Apple M|Apple S|Ubuntu|Debian|WSL|win32-|-win32|EXTENSION_NAME=|uda 9|uda 1|UDA 9|UDA 1|╰─> |CentOS|Red Hat|RHEL|Rocky|AlmaLinux|Amazon Linux|Fedora|.el7.|.el8.|.el9.|root priv|root access|root right|have root|without root|have su|no root|(release), REV|_cuda.|my Mac|my mac|Mac laptop|on Mac|on mac|a Mac|orch-0.1.2|0.1.2.post|arwin 2|entOS|ed Hat|ocky Linux|lmaLinux|racle Linux|.el7|.el8|onda env|conda create|conda activate|conda install|conda list|cuda-nvcc |conda info|ROCm |ROCm-|ROCM |yzen AI|YZEN AI|HIP SDK|AMD GPU|AMD ROC|AMD (ROC|hipify_|MI2|MI3|onda install |SHARED_LIBS|ibtorch1|ibtorch2|ibtorch-|ibTorch |ibtorch |ibtorch/|tatically |tatic lib|amba install |orch0.|orch1.|orch2.|orch:1|orch:2|orch is 1|orch is 2|uda8.|uda9.|uda10|uda11|uda12|uda13|uda:1|NVCC|apple-d|Developer/|CIBW_|cl /I |musllinux|lpine|uditwheel rep|--exclude |--plat |/libtorch/|odule add|odule swap|/spack/|PS C:|PS D:|PS E:|PS F:|/torch/lib|ARCH_LIST=|ARCH_LIST =|-gencode arch|aggle|n Colab|n colab|gle Colab|olab |/content/|Cloning into |RUN --mount|_cudnn|inkowski|isaac|environment at: |5090|5080|5070|5060|4090|4080|3090|3080" +
  // Rows of `pip list` for packages that are compiled for one torch, and who may not use sudo.
  "|ocation: |CUDA_ARCHITECTURES|CMakeLists.txt|orchvision |orchaudio |orchvision=|orchaudio=|uilding wheel for |/archive/|codeload.github|+pt1|+pt2|orch::Tensor |at::Tensor |orch::Tensor> |attn  |orchrec  |pconv-cu|cumm-cu|sudoers|): Pending|cessfully installed |not allowed to |may not run sudo|ound CUDAToolkit|ipykernel|matching Triton|ell In[|ell In [" +
  // The function that gcc is in, and code, of torch's stable API.
  "|orch::stable::|TABLE_TORCH_LIBRARY" +
  // Lines of build files that a command shows, containers that are started, jobs that were ended for their memory.
  "|grep |elect-String|findstr |_CXX11_ABI=|compile_args|link_args|add_definitions|compile_options|compile_definitions|CMAKE_CXX_FLAGS|target_link|docker run |podman run |cmake/Torch|OUT_OF_ME|oom_kill|oom-kill|OOM kill|OOM-kill|Out of memory: K" +
  // What delocate says of the libraries in a wheel.
  "|minimum target of |to update minimum|odetected CUDA arch|nvcc.exe" +
  // The row of a session's traceback that was running.
  "|--> |PYTHONHOME|gcc -o |cc -o |g++ -o |c++ -o |clang -o |inking CXX |.o -o " +
  // Builders with an environment of their own, and services of CI.
  "|==> Installing |spack-stage|easyconfig |.pkg: |bitbake |.eb |guix build|BUILD:|BUILD.bazel:|rrors     << |ailed     << |ailed   <<< |--- stderr: |shell: /|The runner will stop|docker pull |install_package> |FAIL code |Invoking |nox > |ache restored|or recipe: |Image: ubuntu|which: no |which gcc|which g++|black |isort |ruff |clang-format" +
  // Steps of CI services, and what pip says of the installations in them.
  "|Script contents:|]Starting: |#!/bin/bash -e|#!/bin/sh -e|[Pipeline] |~~~ Running |gitlab-runner|Successfully installed|Obtaining file:|Processing /|Processing .|Processing c:|Processing d:|Processing D:|Process completed|qsub |bsub |PBS |LSB_JOBID|LSF System|Submitted batch|tar x|tar -x|unzip |Expand-Archive|buildkite-agent|/jenkins/work|/home/travis|/__w/|/home/runner|/home/vsts|/home/circleci" +
  // Images that cog makes.
  "|cog.yaml|cog build|cog push|cog predict" +
  // Code that builds an extension as it runs.
  "|torch.compile(|test_compile|cpp_extension import|cpp_extension.load|load_inline(" +
  "|apk add|-alpine|alpine:" +
  // The release of gcc, and lists of CUDA's libraries.
  "|gcc (|g++ (|c++ (|compiler identification is GNU|/libcudart.so|/libcublas.so|/libcublasLt.so|/libcusparse.so|/libcusolver.so|/libcufft.so|/libcurand.so|/libnvrtc.so|/libnvJitLink.so|/libcudnn.so|/libnccl.so|/libcupti.so" +
  // Environments of MSYS2, and the Windows SDK on compilers' lines.
  "|UCRT64 |CLANG64 |[GCC UCRT|mingw_x86|Windows Kits" +
  // Portage, as root and as another user, and what torch's CMake files say of their flags.
  "|# emerge |sudo emerge |Added CUDA NVCC" +
  // What tells of a job of Slurm's.
  "|SLURM_JOB|slurm-|StepId=" +
  // Folders that a variable moves elsewhere.
  "|/usr/lib/gcc/|orch_extensions/py|orch = |orch-gpu = |ependencies]|pypi-options]|no-build-isolation = |[workspace]|[tool.pixi|intel-sycl-rt|/libsycl.so|EXTENSIONS_DIR|TMPDIR|-- Install configuration" +
  // How many compilers were asked for, and those that a runner finds still running.
  "|MAX_JOBS: |MAX_JOBS=|rphan process: pid" +
  // A program that CMake links of CUDA's sources alone.
  "|Linking CUDA exec" +
  // Operators that Python defines, libraries that a build linked or ldd lists, scripts that are printed.
  "|custom_op(|.new_empty(|.new_zeros(|inking CXX shared|.so => |import " +
  // Apps for phones.
  "|org.pytorch:|-apple-ios|iphoneos|iPhoneOS|iphonesimulator|build_ios|Pods/LibTorch|pod 'LibTorch" +
  // What a link with LibTorch on Windows keeps.
  '|torch_cuda_cu.|torch_cuda_cu |INCLUDE:?|INCLUDE:"?|!main [' +
  "|fullgraph=True" +
  // How a program for Windows is built.
  "|--config Debug|--config Release|\\Debug\\|\\Release\\|libtorch-win-" +
  // Bindings of Qt.
  "|PyQt5|PyQt6|PySide2|PySide6" +
  // What load() does not build again.
  "|skipping build step" +
  // Where the driver's library is listed.
  "|libcuda.so|!ls " +
  // Modules of CUDA on clusters, search paths that are printed.
  "|) cuda/|) CUDA/|) cudatoolkit/|module load |module add |ml cuda|/lib64:/|/lib:/" +
  // What a program in Rust ends with.
  "|panicked at " +
  // Crates that ask for tch by themselves, and scikit-build-core as a plugin of setuptools.
  "|rust-bert|pyo3-tch|CMakeInit.txt" +
  // Parameters of functions on lines of their own.
  "|at::Tensor&|orch::Tensor&|at::Tensor>&";

const spokenRights = "|No root|No sudo|o su rights";

function split(list: string, marks: number): Needle[] {
  const words = list.replaceAll("\n", "").split("|");
  return words.filter((word) => word !== "").map((word) => ({ text: word, marks }));
}

/** Rows of `pip list` and pins of packages that are compiled for one torch: the name, then blanks, `==` or a number. */
function listed(): Needle[] {
  return compiledPackages().flatMap((name) => {
    // The first letter may be a capital one.
    const plain = name.slice(1);
    const spellings = new Set([plain, plain.replaceAll("-", "_"), plain.toLowerCase()]);
    return [...spellings].flatMap((spelling) =>
      ["  ", "=", " =", " 0", " 1", " 2", " 3"].map((end) => ({ text: `${spelling}${end}`, marks: markFact })),
    );
  });
}

let made: ByteSearch | undefined;

/** The table of all of them, made when the first log is read. */
export function needles(): ByteSearch {
  const digits = Array.from({ length: 10 }, (_, digit) => digit);
  const letters = [...digits.map((digit) => `C${digit}`), ...digits.map((digit) => `D${digit}`), "LNK", "MSB"];
  made ??= byteSearch([
    ...split(triggers, markTrigger),
    ...letters.map((text) => ({ text, marks: markCode })),
    ...split(strong, markStrong),
    ...split(messages, markMessage),
    ...split(names, markName),
    ...split(facts, markFact),
    ...split(spokenRights + "|CPU ONLY|mim install |!mim |/pip-install-|\\pip-install-|TitanX|Titan X", markFact),
    ...listed(),
    ...split("torch|Torch|TORCH|ATen|c10", markTorch),
  ]);
  return made;
}
