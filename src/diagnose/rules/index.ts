/** The table of all rules. Order is of no importance: specificity decides. */
import type { Rule } from "../rule.ts";
import { absentReleaseRules } from "./absent-releases.ts";
import { absentWheelRules } from "./absent-wheels.ts";
import { sourceArchiveRules } from "./source-archives.ts";
import { architectureSymbolRules } from "./architecture-symbols.ts";
import { architectureRules } from "./architectures.ts";
import { ptxArchitectureRules } from "./ptx-and-architectures.ts";
import { askedWronglyRules } from "./asked-wrongly.ts";
import { autogradFunctionRules } from "./autograd-functions.ts";
import { bazelAndMesonRules } from "./bazel-and-meson.ts";
import { buildSurroundingsRules } from "./build-surroundings.ts";
import { buildSystemRules } from "./build-systems.ts";
import { namesakeRules } from "./namesakes.ts";
import { kernelPythonModuleRules } from "./kernel-python-modules.ts";
import { namedRefusalRules } from "./named-refusals.ts";
import { versionSourceRules } from "./version-sources.ts";
import { ninjaRules } from "./ninja.ts";
import { boundTypeRules } from "./bound-types.ts";
import { runTimeBuildRules } from "./run-time-builds.ts";
import { compilerCacheRules } from "./compiler-caches.ts";
import { compileSupportRules } from "./compile-support.ts";
import { compiledModelRules } from "./compiled-models.ts";
import { gradientCheckRules } from "./gradient-checks.ts";
import { frontendSlipRules } from "./frontend-slips.ts";
import { foreignLibraryRules } from "./foreign-libraries.ts";
import { collectiveLibraryRules } from "./collective-libraries.ts";
import { crashByFrameRules } from "./crashes-by-frame.ts";
import { musaRules } from "./musa.ts";
import { oneInterpreterRules } from "./one-interpreter.ts";
import { importOrderRules } from "./import-order.ts";
import { operatorBackendRules } from "./operator-backends.ts";
import { scriptedModelRules } from "./scripted-models.ts";
import { mobileRules } from "./mobile.ts";
import { phoneAppRules } from "./phone-apps.ts";
import { transformedOperatorRules } from "./transformed-operators.ts";
import { buildVersionRules } from "./build-versions.ts";
import { callArgumentRules } from "./call-arguments.ts";
import { callRules } from "./calls.ts";
import { carriedPackageRules } from "./carried-packages.ts";
import { ccclRules } from "./cccl.ts";
import { commandAsRootRules } from "./commands-as-root.ts";
import { cmakePackageRules } from "./cmake-packages.ts";
import { cmakePythonRules } from "./cmake-python.ts";
import { moduleStartRules } from "./module-starts.ts";
import { cmakeTargetRules } from "./cmake-targets.ts";
import { cmakeRules } from "./cmake.ts";
import { compilerOptionRules } from "./compiler-options.ts";
import { windowsCompilerFaultRules } from "./windows-compiler-faults.ts";
import { cudaRunTimeSymbolRules } from "./cuda-run-time-symbols.ts";
import { cudaOnAmdRules } from "./cuda-on-amd.ts";
import { cudaToolkitRules } from "./cuda-toolkit.ts";
import { cudaHomeListRules } from "./cuda-home-lists.ts";
import { noToolkitRules } from "./no-toolkit.ts";
import { buildArchitectureRules } from "./build-architectures.ts";
import { cxxExceptionRules } from "./cxx-exceptions.ts";
import { nativeCrashRules } from "./native-crashes.ts";
import { unnamedCrashRules } from "./unnamed-crashes.ts";
import { onnxRuntimeRules } from "./onnx-runtime.ts";
import { customOperatorRules } from "./custom-operators.ts";
import { deviceLanguageRules } from "./device-language.ts";
import { pythonHabitRules } from "./python-habits.ts";
import { cxxAutogradRules } from "./cxx-autograd.ts";
import { tensorCodeRules } from "./tensor-code.ts";
import { dialectRules } from "./dialects.ts";
import { distributedRules } from "./distributed.ts";
import { letterRules } from "./letters-and-encodings.ts";
import { plainMistakeRules } from "./plain-mistakes.ts";
import { unqualifiedNameRules } from "./unqualified-names.ts";
import { mismatchedTypeRules } from "./mismatched-types.ts";
import { templateDemandRules } from "./template-demands.ts";
import { signatureMismatchRules } from "./signature-mismatches.ts";
import { slipRules } from "./slips.ts";
import { torchConversionRules } from "./torch-conversions.ts";
import { torchCallRules } from "./torch-calls.ts";
import { deviceCallSlipRules } from "./device-call-slips.ts";
import { registeredWronglyRules } from "./registered-wrongly.ts";
import { statementSlipRules } from "./statement-slips.ts";
import { declaredOtherwiseRules } from "./declared-otherwise.ts";
import { gpuNameRules } from "./gpu-names.ts";
import { kernelSlipRules } from "./kernel-slips.ts";
import { dispatchSlipRules } from "./dispatch-slips.ts";
import { tensorSlipRules } from "./tensor-slips.ts";
import { tensorExpressionRules } from "./tensor-expressions.ts";
import { cudaCallRules } from "./cuda-calls.ts";
import { classBindingRules } from "./class-bindings.ts";
import { genericRules } from "./generic.ts";
import { foreignToolchainRules } from "./foreign-toolchains.ts";
import { gpuAllocatorRules } from "./gpu-allocators.ts";
import { gpuDeviceRules } from "./gpu-devices.ts";
import { gpuEnvironmentRules } from "./gpu-environment.ts";
import { gpuRunTimeRules } from "./gpu-run-time.ts";
import { gpuDriverRules } from "./gpu-drivers.ts";
import { faultOfTorchRules } from "./faults-of-torch.ts";
import { hiddenIndexRules } from "./hidden-indexes.ts";
import { inductorBuildRules } from "./inductor-builds.ts";
import { intrinsicsHeaderRules } from "./intrinsics-headers.ts";
import { headerConflictRules } from "./header-conflicts.ts";
import { pythonHeaderRules } from "./python-headers.ts";
import { torchHeaderRules } from "./torch-headers.ts";
import { cudaHeaderRules } from "./cuda-headers.ts";
import { hostCompilerRules } from "./host-compilers.ts";
import { includeRules } from "./includes.ts";
import { languageRules } from "./language.ts";
import { ambiguousNameRules } from "./ambiguous-names.ts";
import { nnModuleRules } from "./nn-modules.ts";
import { cxxHabitRules } from "./cxx-habits.ts";
import { otherShellRules } from "./other-shells.ts";
import { stableSourceRules } from "./stable-sources.ts";
import { libraryHeaderVersionRules } from "./library-header-versions.ts";
import { libraryHeaderRules } from "./library-headers.ts";
import { limitedApiRules } from "./limited-api.ts";
import { linkLibraryRules } from "./link-libraries.ts";
import { nvtxLinkRules } from "./nvtx-at-link.ts";
import { gpuLinkLibraryRules } from "./gpu-link-libraries.ts";
import { torchLinkLibraryRules } from "./torch-link-libraries.ts";
import { linkOrderRules } from "./link-order.ts";
import { linkingRules } from "./linking.ts";
import { loadingRules } from "./loading.ts";
import { macosLoadingRules } from "./macos-loading.ts";
import { missingBuiltFileRules } from "./missing-built-files.ts";
import { missingGpuLibraryRules } from "./missing-gpu-libraries.ts";
import { missingLibraryRules } from "./missing-libraries.ts";
import { nvccOptionRules } from "./nvcc-options.ts";
import { nvccSurroundingRules } from "./nvcc-surroundings.ts";
import { moduleAndBindingRules } from "./modules-and-bindings.ts";
import { mklRules } from "./mkl.ts";
import { nvccArchitectureRules } from "./nvcc-architectures.ts";
import { nvccRules } from "./nvcc.ts";
import { hostAndDeviceRules } from "./host-and-device.ts";
import { olderLanguageRules } from "./older-language.ts";
import { otherLibraryRules } from "./other-libraries.ts";
import { otherSymbolRules } from "./other-symbols.ts";
import { isolationRules } from "./isolation.ts";
import { buildModuleRules } from "./build-modules.ts";
import { sourceFileRules } from "./source-files.ts";
import { nvccHeaderRules } from "./nvcc-headers.ts";
import { runTimeCompilerRules } from "./run-time-compilers.ts";
import { stricterCompilerRules } from "./stricter-compilers.ts";
import { tritonRules } from "./triton.ts";
import { companionPackageRules } from "./companion-packages.ts";
import { doubleRegistrationRules } from "./double-registration.ts";
import { gpuBuildLibraryRules } from "./gpu-build-libraries.ts";
import { packagingRules } from "./packaging.ts";
import { platformRules } from "./platforms.ts";
import { embeddingRules } from "./embedding.ts";
import { operatorNamespaceRules } from "./operator-namespaces.ts";
import { otherCxxLibraryRules } from "./other-cxx-library.ts";
import { pythonVersionRules } from "./python-versions.ts";
import { registrationRules } from "./registration.ts";
import { torchPythonSideRules } from "./torch-python-side.ts";
import { memoryRules } from "./memory.ts";
import { compilerCrashRules } from "./compiler-crashes.ts";
import { resourceRules } from "./resources.ts";
import { setupRefusalRules } from "./setup-refusals.ts";
import { setupScriptRules } from "./setup-scripts.ts";
import { cudaApiRules } from "./cuda-api.ts";
import { longTypeRules } from "./long-types.ts";
import { sourceRules } from "./sources.ts";
import { standardRules } from "./standards.ts";
import { installedBesideRules } from "./installed-beside.ts";
import { projectTableRules } from "./project-tables.ts";
import { shellVariableRules } from "./variables-of-the-shell.ts";
import { testCollectionRules } from "./test-collection.ts";
import { cmakeSlipRules } from "./cmake-slips.ts";
import { loadingSlipRules } from "./loading-slips.ts";
import { compilerStandardRules } from "./compilers-and-standards.ts";
import { syclLoadingRules } from "./sycl-loading.ts";
import { syclRules } from "./sycl.ts";
import { missingNinjaRules } from "./missing-ninja.ts";
import { missingCompilerRules } from "./missing-compilers.ts";
import { missingProgramRules } from "./missing-programs.ts";
import { torchApiRules } from "./torch-api.ts";
import { torchIncludeRules } from "./torch-includes.ts";
import { torchMacroRules } from "./torch-macros.ts";
import { torchSourceRules } from "./torch-sources.ts";
import { torchSymbolRules } from "./torch-symbols.ts";
import { torchPartRules } from "./torch-parts.ts";
import { torchAbiRules } from "./torch-abi.ts";
import { windowsSymbolRules } from "./windows-symbols.ts";
import { gpuSymbolRules } from "./gpu-symbols.ts";
import { systemSymbolRules } from "./system-symbols.ts";
import { windowsCudaLoadingRules } from "./windows-cuda-loading.ts";
import { windowsLoadingRules } from "./windows-loading.ts";
import { windowsFileRules } from "./windows-files.ts";
import { gpuLibraryRules } from "./gpu-libraries.ts";
import { apexRules } from "./apex.ts";
import { tritonReleaseRules } from "./triton-releases.ts";
import { readyPackageRules } from "./ready-packages.ts";
import { bitsandbytesRules } from "./bitsandbytes.ts";
import { rocmCmakeRules } from "./rocm-cmake.ts";
import { rocmDevicePackageRules } from "./rocm-device-packages.ts";
import { rocmRules } from "./rocm.ts";
import { deviceCompilerRules } from "./device-compilers.ts";
import { vendorCompilerRules } from "./vendor-compilers.ts";
import { linkersAndBuilders } from "./linkers-and-builders.ts";
import { wheelRules } from "./wheels.ts";
import { downloadRules } from "./downloads.ts";
import { libraryVersionRules } from "./library-versions.ts";
import { gpuSupportRules } from "./gpu-support.ts";
import { operatorCheckRules } from "./compiled-operators.ts";
import { packageDataRules } from "./package-data.ts";
import { tracedPythonRules } from "./traced-python.ts";
import { unisolatedBuildRules } from "./unisolated-builds.ts";
import { operatorFakeRules } from "./operator-fakes.ts";
import { operatorResultRules } from "./operator-results.ts";
import { otherFrameworkRules } from "./other-frameworks.ts";
import { tensorArgumentRules } from "./tensor-arguments.ts";
import { kernelToolchainRules } from "./kernel-toolchains.ts";
import { kernelLimitRules } from "./kernel-limits.ts";
import { metalRules } from "./metal.ts";
import { tensorrtRules } from "./tensorrt.ts";
import { packageByReleaseRules } from "./packages-by-release.ts";
import { borderExceptionRules } from "./exceptions-across-borders.ts";
import { memoryCheckerRules } from "./memory-checkers.ts";
import { scriptedCallRules } from "./scripted-calls.ts";
import { nattenRules } from "./natten.ts";
import { packageOperatorRules } from "./packages-with-operators.ts";
import { kernelFaultRules } from "./kernel-faults.ts";
import { ctypesNameRules } from "./ctypes-names.ts";
import { deviceLambdaRules } from "./device-lambdas.ts";
import { shadowedFileRules } from "./shadowed-files.ts";
import { tritonCallRules } from "./triton-calls.ts";
import { tritonLanguageRules } from "./triton-language.ts";
import { tritonRunTimeRules } from "./triton-run-time.ts";
import { windowsRules } from "./windows.ts";
import { amdRunTimeRules } from "./amd-run-time.ts";
import { ascendRules } from "./ascend.ts";
import { compiledStackRules } from "./compiled-stacks.ts";
import { gpuPackageRules } from "./gpu-packages.ts";
import { deepspeedRules } from "./deepspeed.ts";
import { miopenRules } from "./miopen.ts";
import { quantizationKernelRules } from "./quantization-kernels.ts";
import { rocmSourceRules } from "./rocm-sources.ts";
import { ccclHostRules } from "./cccl-host.ts";
import { cudaLoadingRules } from "./cuda-loading.ts";
import { deviceLinkRules } from "./device-link.ts";
import { gpuRefusalRules } from "./gpu-refusals.ts";
import { nvrtcCompileRules } from "./nvrtc-compiles.ts";
import { nvccWordRules } from "./nvcc-words.ts";
import { ptxAssemblerRules } from "./ptx-assembler.ts";
import { servingKernelRules } from "./serving-kernels.ts";
import { tritonBuildRules } from "./triton-build.ts";
import { setuptoolsRemovalRules } from "./setuptools-removals.ts";
import { systemPackageRules } from "./system-packages.ts";
import { torchReleaseRules } from "./torch-releases.ts";
import { cmakeCommandRules } from "./cmake-commands.ts";
import { gitRules } from "./git.ts";
import { condaSolvingRules } from "./conda-solving.ts";
import { condaSystemRules } from "./conda-systems.ts";
import { editorRules } from "./editors.ts";
import { makeRules } from "./make.ts";
import { nvidiaStubRules } from "./nvidia-stubs.ts";
import { oldFactoryRules } from "./old-factories.ts";
import { otherReleaseRules } from "./other-releases.ts";
import { buildEnvironmentRules } from "./build-environment.ts";
import { wrongPlaceRules } from "./wrong-places.ts";
import { uncompiledSourceRules } from "./uncompiled-sources.ts";
import { undeclaredNamespaceRules } from "./undeclared-namespaces.ts";
import { cpuBuildRules } from "./cpu-builds.ts";
import { pluginAtStartRules } from "./plugins-at-start.ts";
import { postedLinkRules } from "./posted-links.ts";
import { projectFileRules } from "./project-files.ts";
import { shellAndServiceRules } from "./shells-and-services.ts";
import { buildInputRules } from "./build-inputs.ts";
import { packagingToolRules } from "./packaging-tools.ts";
import { installerRefusalRules } from "./installer-refusals.ts";
import { cmakeCompilerRules } from "./cmake-compilers.ts";
import { foreignProcessorRules } from "./foreign-processors.ts";
import { gpuDialectRules } from "./gpu-dialects.ts";
import { mixedBuildRules } from "./mixed-builds.ts";
import { guiToolkitRules } from "./gui-toolkits.ts";
import { halfTypeRules } from "./half-types.ts";
import { constantExpressionRules } from "./constant-expressions.ts";
import { builderRefusalRules } from "./builder-refusals.ts";
import { oldStringCallRules } from "./old-string-calls.ts";
import { stableAbiRules } from "./stable-abi.ts";
import { styleCheckRules } from "./style-checks.ts";
import { windowsOtherModuleRules } from "./windows-other-modules.ts";
import { condaPackageRules } from "./conda-packages.ts";
import { releaseConflictRules } from "./release-conflicts.ts";
import { requirementConflictRules } from "./requirement-conflicts.ts";
import { wheelsOfOtherSystemsRules } from "./wheels-of-other-systems.ts";
import { torchBuildElsewhereRules } from "./torch-builds-elsewhere.ts";
import { unmetRequestRules } from "./unmet-requests.ts";
import { unknownErrorRules } from "./unknown-errors.ts";

/** A family of rules: one file, one heading of the documentation. */
export interface RuleFamily {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** All rules by family. */
export const ruleFamilies: readonly RuleFamily[] = [
  { name: "torch's C++ frontend", rules: frontendSlipRules },
  { name: "Parts of torch", rules: torchPartRules },
  { name: "Symbols of torch", rules: torchSymbolRules },
  { name: "torch's C++ ABI", rules: torchAbiRules },
  { name: "Two C++ standard libraries", rules: otherCxxLibraryRules },
  { name: "Symbols of torch on Windows", rules: windowsSymbolRules },
  { name: "Symbols of CUDA and ROCm", rules: gpuSymbolRules },
  { name: "Symbols of the system", rules: systemSymbolRules },
  { name: "Symbols of one GPU architecture", rules: architectureSymbolRules },
  { name: "Other symbols", rules: otherSymbolRules },
  { name: "Intel's MKL", rules: mklRules },
  { name: "Missing libraries of CUDA", rules: missingGpuLibraryRules },
  { name: "Missing files of a build", rules: missingBuiltFileRules },
  { name: "Missing libraries", rules: missingLibraryRules },
  { name: "Libraries of one GPU build", rules: gpuBuildLibraryRules },
  { name: "Loading a module", rules: [...loadingRules, ...moduleStartRules] },
  { name: "Versions of libraries", rules: libraryVersionRules },
  { name: "Loading on macOS", rules: macosLoadingRules },
  { name: "Loading a DLL of CUDA", rules: windowsCudaLoadingRules },
  { name: "Loading a DLL", rules: windowsLoadingRules },
  { name: "Files on Windows", rules: windowsFileRules },
  { name: "Registration", rules: registrationRules },
  { name: "The Python side of torch", rules: torchPythonSideRules },
  { name: "Registered twice", rules: doubleRegistrationRules },
  { name: "Operators and their namespaces", rules: operatorNamespaceRules },
  { name: "Programs that embed torch", rules: embeddingRules },
  { name: "Operators and devices", rules: operatorBackendRules },
  { name: "Models that TorchScript loads", rules: scriptedModelRules },
  { name: "Models on phones", rules: mobileRules },
  { name: "Apps for phones", rules: phoneAppRules },
  { name: "Models that AOTInductor compiled", rules: compiledModelRules },
  { name: "Checks of gradients", rules: gradientCheckRules },
  { name: "Operators in ONNX", rules: onnxRuntimeRules },
  { name: "Crashes at imports", rules: importOrderRules },
  { name: "Crashes with a stack trace", rules: nativeCrashRules },
  { name: "Crashes without one", rules: unnamedCrashRules },
  { name: "Exceptions of C++", rules: cxxExceptionRules },
  { name: "Arguments of a call", rules: callArgumentRules },
  { name: "Calls into a module", rules: callRules },
  { name: "Functions of autograd", rules: autogradFunctionRules },
  { name: "Types between modules", rules: boundTypeRules },
  { name: "Custom operators", rules: customOperatorRules },
  { name: "Operators below torch.compile", rules: operatorCheckRules },
  { name: "Python below torch.compile", rules: tracedPythonRules },
  { name: "Where torch.compile works", rules: compileSupportRules },
  { name: "Builds without isolation", rules: unisolatedBuildRules },
  { name: "Installed, and not what runs", rules: installedBesideRules },
  { name: "What a project tells its packer", rules: projectTableRules },
  { name: "Variables of the shell", rules: shellVariableRules },
  { name: "Before the first line runs", rules: testCollectionRules },
  { name: "Slips of a CMakeLists.txt", rules: cmakeSlipRules },
  { name: "Slips in a call of load()", rules: loadingSlipRules },
  { name: "Files of a package", rules: packageDataRules },
  { name: "Fakes and names of operators", rules: operatorFakeRules },
  { name: "Results of an operator", rules: operatorResultRules },
  { name: "Other frameworks beside torch", rules: otherFrameworkRules },
  { name: "Tensors that compiled code refuses", rules: tensorArgumentRules },
  { name: "Exceptions between C++ and Python", rules: borderExceptionRules },
  { name: "Checkers of memory", rules: memoryCheckerRules },
  { name: "Calls in scripted code", rules: scriptedCallRules },
  { name: "Limits of kernels", rules: kernelLimitRules },
  { name: "What kernels want of CUDA's toolkit", rules: kernelToolchainRules },
  { name: "Metal", rules: metalRules },
  { name: "TensorRT", rules: tensorrtRules },
  { name: "Compiled parts of packages", rules: [...nattenRules, ...packageOperatorRules] },
  { name: "Packages by torch's release", rules: packageByReleaseRules },
  { name: "Checks on the GPU", rules: kernelFaultRules },
  { name: "Names that ctypes looks for", rules: ctypesNameRules },
  { name: "Lambdas for the device", rules: deviceLambdaRules },
  { name: "Files found before others", rules: shadowedFileRules },
  { name: "Triton at run time", rules: [...tritonRunTimeRules, ...tritonLanguageRules, ...tritonCallRules] },
  { name: "Operators below vmap and torch.func", rules: transformedOperatorRules },
  { name: "Running on the GPU", rules: gpuRunTimeRules },
  { name: "Drivers of GPUs", rules: gpuDriverRules },
  { name: "GPUs and builds", rules: gpuSupportRules },
  { name: "Triton", rules: tritonRules },
  { name: "Compilers at run time", rules: runTimeCompilerRules },
  { name: "GPU libraries", rules: gpuLibraryRules },
  { name: "Drivers and GPUs", rules: gpuEnvironmentRules },
  { name: "Triton and its torch", rules: tritonReleaseRules },
  { name: "Devices", rules: gpuDeviceRules },
  { name: "Memory of the GPU", rules: gpuAllocatorRules },
  { name: "Several GPUs and processes", rules: distributedRules },
  { name: "The CUDA toolkit", rules: cudaToolkitRules },
  { name: "No CUDA toolkit", rules: [...cudaHomeListRules, ...noToolkitRules] },
  { name: "CUDA and AMD's GPUs", rules: cudaOnAmdRules },
  { name: "Functions of a later CUDA run time", rules: cudaRunTimeSymbolRules },
  { name: "Architectures to build for", rules: buildArchitectureRules },
  { name: "Compilers and tools", rules: [...missingNinjaRules, ...missingCompilerRules, ...missingProgramRules] },
  { name: "Host compilers", rules: hostCompilerRules },
  { name: "Compilers of device code", rules: deviceCompilerRules },
  { name: "Compilers of vendors", rules: vendorCompilerRules },
  { name: "Compiler options", rules: compilerOptionRules },
  { name: "nvcc's command line", rules: nvccOptionRules },
  { name: "nvcc's host compiler and files", rules: nvccSurroundingRules },
  { name: "nvcc", rules: [...nvccArchitectureRules, ...nvccRules] },
  { name: "Headers that nvcc does not take", rules: nvccHeaderRules },
  { name: "GPU architectures in code", rules: [...architectureRules, ...ptxArchitectureRules] },
  { name: "Thrust, CUB and CUDA's interface", rules: ccclRules },
  { name: "The C++ standard", rules: [...standardRules, ...compilerStandardRules] },
  { name: "The language of kernels", rules: deviceLanguageRules },
  { name: "Tensors in C++", rules: [...cxxAutogradRules, ...tensorCodeRules] },
  { name: "Types of torch", rules: torchConversionRules },
  { name: "Calls of torch in C++", rules: torchCallRules },
  { name: "Tensors as in Python", rules: tensorExpressionRules },
  { name: "Slips with tensors", rules: [...dispatchSlipRules, ...tensorSlipRules] },
  { name: "Slips in kernels", rules: kernelSlipRules },
  { name: "Calls in kernels", rules: deviceCallSlipRules },
  { name: "Registered or bound wrongly", rules: registeredWronglyRules },
  { name: "Slips in statements", rules: statementSlipRules },
  { name: "Declared otherwise", rules: declaredOtherwiseRules },
  { name: "Names of GPU libraries", rules: gpuNameRules },
  { name: "Calls of CUDA", rules: cudaCallRules },
  { name: "Classes for Python", rules: classBindingRules },
  { name: "Plain slips", rules: plainMistakeRules },
  { name: "Names without their namespaces", rules: unqualifiedNameRules },
  { name: "Letters and encodings", rules: letterRules },
  { name: "Types that do not fit", rules: mismatchedTypeRules },
  { name: "What templates ask for", rules: templateDemandRules },
  { name: "Slips of a source", rules: slipRules },
  { name: "Habits of Python in C++", rules: pythonHabitRules },
  { name: "Dialects and instruction sets", rules: dialectRules },
  { name: "Stricter compilers", rules: stricterCompilerRules },
  { name: "Host and device code", rules: hostAndDeviceRules },
  { name: "Older languages and copies", rules: olderLanguageRules },
  { name: "Headers", rules: [...pythonHeaderRules, ...torchHeaderRules, ...cudaHeaderRules] },
  { name: "Headers in each other's way", rules: headerConflictRules },
  { name: "Headers of libraries", rules: libraryHeaderRules },
  { name: "Headers of other releases of libraries", rules: libraryHeaderVersionRules },
  { name: "Forgotten includes", rules: includeRules },
  { name: "Names of another torch", rules: torchApiRules },
  { name: "Sources and torch's API", rules: [...torchIncludeRules, ...torchSourceRules, ...torchMacroRules] },
  { name: "Modules and bindings in C++", rules: moduleAndBindingRules },
  { name: "Other libraries", rules: otherLibraryRules },
  { name: "Sources and everything else", rules: [...cudaApiRules, ...longTypeRules, ...sourceRules] },
  { name: "Faults of one torch", rules: faultOfTorchRules },
  { name: "Indexes in place of PyPI", rules: hiddenIndexRules },
  { name: "Builds of torch.compile", rules: inductorBuildRules },
  { name: "Intrinsics of another compiler", rules: intrinsicsHeaderRules },
  { name: "The limited API of Python", rules: limitedApiRules },
  { name: "Sources and the language", rules: languageRules },
  {
    name: "Libraries of CUDA and torch at the link",
    rules: [...nvtxLinkRules, ...gpuLinkLibraryRules, ...torchLinkLibraryRules],
  },
  { name: "Libraries at the link", rules: linkLibraryRules },
  { name: "Libraries of other systems", rules: foreignLibraryRules },
  { name: "NCCL and its kin without torch", rules: collectiveLibraryRules },
  { name: "Moore Threads", rules: musaRules },
  { name: "Crashes by their frames", rules: crashByFrameRules },
  { name: "One interpreter", rules: oneInterpreterRules },
  { name: "Order at the link", rules: linkOrderRules },
  { name: "Namespaces without their headers", rules: undeclaredNamespaceRules },
  { name: "Ambiguous names", rules: ambiguousNameRules },
  { name: "Layers of LibTorch", rules: nnModuleRules },
  { name: "Slips of C++", rules: cxxHabitRules },
  { name: "Words of other shells and compilers", rules: otherShellRules },
  { name: "Sources for the stable API", rules: stableSourceRules },
  { name: "Builds without CUDA", rules: cpuBuildRules },
  { name: "What programs compile while they start", rules: pluginAtStartRules },
  { name: "Links whose command is shown", rules: postedLinkRules },
  { name: "Linking", rules: linkingRules },
  { name: "Isolated builds", rules: isolationRules },
  { name: "Modules that a build needs", rules: buildModuleRules },
  { name: "Packaging", rules: packagingRules },
  { name: "Asked for wrongly", rules: askedWronglyRules },
  { name: "Packages of conda's channels", rules: condaPackageRules },
  { name: "Requirements that exclude each other", rules: [...releaseConflictRules, ...requirementConflictRules] },
  { name: "Wheels of other systems", rules: wheelsOfOtherSystemsRules },
  { name: "Requests that an index cannot meet", rules: [...torchBuildElsewhereRules, ...unmetRequestRules] },
  { name: "Releases that are not there", rules: absentReleaseRules },
  { name: "Ready-made wheels that are not there", rules: absentWheelRules },
  { name: "Archives of sources", rules: sourceArchiveRules },
  { name: "Downloads", rules: downloadRules },
  { name: "git", rules: gitRules },
  { name: "conda's solver", rules: condaSolvingRules },
  { name: "conda's files of other systems", rules: condaSystemRules },
  { name: "make", rules: makeRules },
  { name: "Editors", rules: editorRules },
  { name: "NVIDIA's stubs on PyPI", rules: nvidiaStubRules },
  { name: "Tensors made by a Type", rules: oldFactoryRules },
  { name: "Packages of other releases", rules: otherReleaseRules },
  { name: "Packages for one torch", rules: companionPackageRules },
  { name: "Ready-made packages", rules: readyPackageRules },
  { name: "apex", rules: apexRules },
  { name: "bitsandbytes", rules: bitsandbytesRules },
  { name: "Setup scripts", rules: setupScriptRules },
  { name: "Files of a project", rules: projectFileRules },
  { name: "Refusals of installers and services", rules: installerRefusalRules },
  { name: "Tools that pack for others", rules: packagingToolRules },
  { name: "What goes into a build", rules: buildInputRules },
  { name: "Shells, module systems and services", rules: shellAndServiceRules },
  { name: "What setuptools no longer has", rules: setuptoolsRemovalRules },
  { name: "Refusals of setup scripts", rules: setupRefusalRules },
  { name: "Refusals of well-known packages", rules: namedRefusalRules },
  { name: "Modules that kernels are written with", rules: kernelPythonModuleRules },
  { name: "Versions taken from git", rules: versionSourceRules },
  { name: "Versions that are not found", rules: buildVersionRules },
  { name: "Packages that projects carry", rules: carriedPackageRules },
  { name: "Releases of torch", rules: torchReleaseRules },
  { name: "Wheels for others", rules: wheelRules },
  ...linkersAndBuilders,
  { name: "Pythons and NumPys", rules: pythonVersionRules },
  { name: "CMake", rules: cmakeRules },
  { name: "Commands of CMake", rules: cmakeCommandRules },
  { name: "Packages of CMake", rules: [...commandAsRootRules, ...cmakePackageRules, ...cmakePythonRules] },
  { name: "Targets of CMake", rules: cmakeTargetRules },
  { name: "Bazel and Meson", rules: bazelAndMesonRules },
  { name: "Build systems and caches", rules: buildSystemRules },
  { name: "Sources that are to be compiled", rules: sourceFileRules },
  { name: "ninja", rules: ninjaRules },
  { name: "Looking in the wrong place", rules: wrongPlaceRules },
  { name: "Debug and Release", rules: mixedBuildRules },
  { name: "GUI toolkits before torch", rules: guiToolkitRules },
  { name: "Sources without a compiled part", rules: uncompiledSourceRules },
  { name: "The environment of a build", rules: buildEnvironmentRules },
  { name: "Surroundings of a build", rules: [...buildSurroundingsRules, ...compilerCacheRules, ...runTimeBuildRules] },
  { name: "Packages and paths of the system", rules: systemPackageRules },
  { name: "Memory, disk and limits", rules: [...memoryRules, ...compilerCrashRules, ...resourceRules] },
  { name: "MSVC and Windows", rules: windowsRules },
  { name: "Compilers that break down on Windows", rules: windowsCompilerFaultRules },
  { name: "ROCm", rules: rocmRules },
  { name: "ROCm and CMake", rules: rocmCmakeRules },
  { name: "Intel GPUs", rules: [...syclRules, ...syclLoadingRules] },
  { name: "macOS and ported code", rules: platformRules },
  { name: "Foreign tools and processors", rules: foreignToolchainRules },
  { name: "Device libraries", rules: deviceLinkRules },
  { name: "CUDA's libraries below torch", rules: cudaLoadingRules },
  { name: "ptxas as the assembler of others", rules: ptxAssemblerRules },
  { name: "Device headers and host compilers", rules: ccclHostRules },
  { name: "Words on nvcc's command line", rules: nvccWordRules },
  { name: "Compiles of NVRTC", rules: nvrtcCompileRules },
  { name: "Refused by the driver", rules: gpuRefusalRules },
  { name: "Kernels that servers compile", rules: servingKernelRules },
  { name: "Triton's C compiles", rules: tritonBuildRules },
  { name: "AMD GPUs", rules: amdRunTimeRules },
  { name: "Kernels in packages of their own", rules: rocmDevicePackageRules },
  { name: "Sources of a ROCm build", rules: rocmSourceRules },
  { name: "MIOpen", rules: miopenRules },
  { name: "Kernels of quantization packages", rules: quantizationKernelRules },
  { name: "DeepSpeed", rules: deepspeedRules },
  { name: "Parts of two releases", rules: compiledStackRules },
  { name: "Packages beside torch", rules: gpuPackageRules },
  { name: "Ascend NPUs", rules: ascendRules },
  { name: "torch's stable API", rules: stableAbiRules },
  { name: "Checks of form", rules: styleCheckRules },
  { name: "Refusals of builders", rules: builderRefusalRules },
  { name: "Old strings of other libraries", rules: oldStringCallRules },
  { name: "Two forms of one function", rules: signatureMismatchRules },
  { name: "Between GPU dialects", rules: [...gpuDialectRules, ...halfTypeRules, ...constantExpressionRules] },
  { name: "Libraries of other processors", rules: foreignProcessorRules },
  { name: "Compilers that CMake tries", rules: cmakeCompilerRules },
  { name: "Other modules on Windows", rules: windowsOtherModuleRules },
  { name: "Namesakes on PyPI", rules: namesakeRules },
  { name: "Last resorts", rules: genericRules },
  { name: "Unknown errors", rules: unknownErrorRules },
];

/** All rules. */
export const rules: readonly Rule[] = ruleFamilies.flatMap((family) => family.rules);
