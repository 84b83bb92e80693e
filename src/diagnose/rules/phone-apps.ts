/** Apps with PyTorch: how Gradle and Xcode package and link its libraries. What their project files hold is mostly not seen. */
import { isTorch } from "../symbols.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";
import { torchSymbol } from "./symbol-facts.ts";

/** Archives of LibTorch for iOS, as scripts/build_ios.sh installs them. */
const folderOf = (file: string): string => file.replace(/\/[^/]*$/, "");

/** The release of the app's PyTorch, for a line of a build file. */
function release({ context: { log } }: Match): string {
  return log.androidTorch?.release ?? "<release>";
}

/** In which of its two forms the app has PyTorch, where its build file stands in the text. */
function isLite({ context: { log } }: Match): boolean | undefined {
  return log.androidTorch === undefined ? undefined : log.androidTorch.name.endsWith("_lite");
}

const toFull = (match: Match): string =>
  `app/build.gradle: implementation 'org.pytorch:pytorch_android:${release(match)}' and 'org.pytorch:pytorch_android_torchvision:${release(match)}', without those that end in _lite; Module.load takes what torch.jit.save wrote`;

const toLite = (match: Match): readonly string[] => [
  `# where the model is loaded (Kotlin and Java): import org.pytorch.LiteModuleLoader, and LiteModuleLoader.load(assetFilePath(this, "model.ptl")) in place of Module.load(…) and PyTorchAndroid.loadModuleFromAsset(…)`,
  `# the model, in Python: optimize_for_mobile(torch.jit.script(model))._save_for_lite_interpreter("model.ptl")   # from torch.utils.mobile_optimizer; a file of torch.jit.save does not do`,
  `# app/build.gradle: 'org.pytorch:pytorch_android_lite:${release(match)}' and 'org.pytorch:pytorch_android_torchvision_lite:${release(match)}', both in the form _lite`,
];

const exclude = "EXCLUDED_ARCHS[sdk=iphonesimulator*]";

export const phoneAppRules: readonly Rule[] = [
  {
    id: "android-torch-library-not-packed",
    title: "The app calls one form of PyTorch and has the library of the other",
    on: ["exception", "missing-library", "load"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /couldn't find (?:DSO to load: )?"?(?<library>libpytorch_jni(?:_lite)?\.so)/,
        /library "(?<library>libpytorch_jni(?:_lite)?\.so)" not found/,
      ),
    confidence: (match) => (isLite(match) === undefined ? "medium" : "high"),
    cause: (match) => {
      const wantsLite = match.facts["library"]?.includes("_lite") === true;
      const { androidTorch } = match.context.log;
      return `\`${match.facts["library"] ?? ""}\` is the library of ${wantsLite ? "pytorch_android_lite, and LiteModuleLoader asks for it" : "the full pytorch_android, and Module.load and PyTorchAndroid ask for it"}; ${androidTorch === undefined ? "the app was packed without it" : `the app has ${androidTorch.name}:${androidTorch.release}, which brings ${isLite(match) === true ? "libpytorch_jni_lite.so" : "libpytorch_jni.so"}`}. The two are not exchangeable, and neither are their models.`;
    },
    fix: (match) => {
      const wantsLite = match.facts["library"]?.includes("_lite") === true;
      const has = isLite(match) ?? !wantsLite;
      const abi =
        "# the right form is there already: ndk { abiFilters … } has to name the processor of the device (arm64-v8a; emulators x86_64)";
      return has
        ? [...toLite(match), `# or the full PyTorch, ${toFull(match)}`, ...(wantsLite ? [abi] : [])]
        : [`# ${toFull(match)}`, "# or the lite form:", ...toLite(match), abi];
    },
    sources: ["pytorch/android-demo-app#159", "pytorch/pytorch#59190", "pytorch/pytorch#58913"],
    examples: [
      {
        text: 'implementation \'org.pytorch:pytorch_android_lite:1.9.0\'\n06-21 15:02:11.103 E/AndroidRuntime(91): FATAL EXCEPTION: main\njava.lang.UnsatisfiedLinkError: dalvik.system.PathClassLoader[DexPathList[[zip file "/data/app/a.b/base.apk"],nativeLibraryDirectories=[/data/app/a.b/lib/arm64]]] couldn\'t find "libpytorch_jni.so"',
        expect: "LiteModuleLoader.load(",
      },
      {
        text: 'java.lang.UnsatisfiedLinkError: dlopen failed: library "libpytorch_jni.so" not found',
        expect: "_save_for_lite_interpreter",
      },
      {
        text: 'implementation "org.pytorch:pytorch_android:1.13.0"\njava.lang.UnsatisfiedLinkError: couldn\'t find DSO to load: libpytorch_jni_lite.so',
        expect: "pytorch_android_torchvision_lite:1.13.0",
      },
    ],
  },
  {
    id: "android-executorch-not-packed",
    title: "ExecuTorch's library is not in the app",
    on: ["exception", "missing-library", "load"],
    specificity: 88,
    matches: (finding) =>
      saidAny(
        finding,
        /library "(?<library>libexecutorch(?:_jni)?\.so)" not found(?:: needed by \S*\/(?<by>lib[\w+-]+\.so))?/,
        /couldn't find (?:DSO to load: )?"?(?<library>libexecutorch(?:_jni)?\.so)/,
      ),
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["library"] ?? ""}\`${match.facts["by"] === undefined ? "" : `, which \`${match.facts["by"]}\` was linked with,`} is not packed into the app for the processor of this device: the package that brings it is no dependency, has it under another name (libexecutorch.so in newer releases, libexecutorch_jni.so in older ones), or has none for this processor (it has arm64-v8a and x86_64 alone).`,
    fix: (match) => [
      "unzip -l app/build/outputs/apk/debug/app-debug.apk | grep executorch   # what is packed, and for which processors",
      "# app/build.gradle: implementation 'org.pytorch:executorch-android:<release>', of the release that exported the model, and 'com.facebook.soloader:nativeloader:0.10.5'; no file of it in src/main/jniLibs beside that",
      ...(match.facts["by"] === undefined
        ? []
        : [
            `# ${match.facts["by"]}: link it with the library of that very package (prefab, or the .so of its jni folder), so that it asks for the name that is packed`,
          ]),
    ],
    sources: ["pytorch/executorch#17992", "pytorch/executorch#16405"],
    examples: [
      {
        text: 'java.lang.UnsatisfiedLinkError: dlopen failed: library "libexecutorch_jni.so" not found: needed by /data/app/~~G==/org.some.app-3==/base.apk!/lib/arm64-v8a/libdepth.so in namespace classloader-namespace',
        expect: "executorch-android",
      },
    ],
  },
  {
    id: "android-library-twice",
    title: "Two packages of the app bring the same library",
    on: ["build-tool"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /files found with path '(?:lib\/[\w-]+\/)?(?<library>[^'/]+\.so)'/,
        /More than one file was found with OS independent path '(?:lib\/[\w-]+\/)?(?<library>[^'/]+\.so)'/,
      ),
    confidence: "high",
    cause: (match) =>
      `Each of two dependencies has a \`${match.facts["library"] ?? ""}\` for the same processor, and Gradle packs one file of a name: ${match.facts["library"] === "libc++_shared.so" ? "it is the C++ run time of the NDK, which PyTorch's package brings, too" : "the same library comes by two ways"}.`,
    fix: (match) => [
      `# app/build.gradle, within android { }: packagingOptions { pickFirst '**/${match.facts["library"] ?? ""}' }   # build.gradle.kts: packaging { jniLibs { pickFirsts += "**/${match.facts["library"] ?? ""}" } }`,
      ...(/^libpytorch_jni|^libtorch/.test(match.facts["library"] ?? "")
        ? [
            "# better: one PyTorch alone, pytorch_android or pytorch_android_lite (exclude the other where a dependency brings it)",
          ]
        : []),
      "# then the build again (./gradlew clean before it)",
    ],
    sources: ["pytorch/pytorch#83250", "mapbox/mapbox-maps-android#1579", "pytorch/pytorch#26382"],
    examples: [
      {
        text: "$ ./gradlew :app:assembleDebug\nExecution failed for task ':app:mergeDebugNativeLibs'.\n   > 2 files found with path 'lib/arm64-v8a/libc++_shared.so' from inputs:\n      - /Users/jo/.gradle/caches/transforms-3/39/transformed/common-22.1.0/jni/arm64-v8a/libc++_shared.so\n      - /Users/jo/.gradle/caches/transforms-3/c7/transformed/pytorch_android_lite-1.10.0/jni/arm64-v8a/libc++_shared.so",
        expect: "pickFirst '**/libc++_shared.so'",
      },
      {
        text: "implementation 'org.pytorch:pytorch_android:1.8.0'\n> More than one file was found with OS independent path 'lib/x86/libfbjni.so'.",
        expect: "pickFirst '**/libfbjni.so'",
      },
    ],
  },
  {
    id: "android-library-of-older-linker",
    title: "The NDK's linker does not take a library that an older one made",
    on: ["link"],
    specificity: 90,
    matches: (finding) =>
      saidAny(
        finding,
        /found local symbol '[^']+' in global part of symbol table in file (?<file>\S+\.so)/,
        /(?<file>\S+\.so): invalid local symbol '[^']+' in global part of symbol table/,
      ),
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["file"] ?? ""}\` was linked by the linker of NDK 21 and older, which puts symbols such as __bss_end__ where lld, the linker of NDK 22 and newer, takes them for a fault. Nothing in it is broken: it has to be linked against with an NDK of its own age, or of the same linker.`,
    fix: () => [
      '# app/build.gradle, within android { }: ndkVersion "21.4.7075529"   # the last one whose own linker is not lld; installed by:',
      "sdkmanager --install 'ndk;21.4.7075529'",
      "# a newer NDK that still has gold (22): -DANDROID_LD=gold, or target_link_options(<the library> PRIVATE -fuse-ld=gold) in CMakeLists.txt",
      "# or a release of the library that was made by a newer NDK",
    ],
    sources: ["wenet-e2e/wenet#2618", "android/ndk#927", "pytorch/pytorch#129633", "githubhaohao/NDK_OpenGLES_3_0#5"],
    examples: [
      {
        text: "C/C++: ld: error: found local symbol '__bss_start__' in global part of symbol table in file /w/app/build/pytorch_android-1.10.0.aar/jni/arm64-v8a/libpytorch_jni.so\nC/C++: clang++: error: linker command failed with exit code 1 (use -v to see invocation)",
        expect: "ndkVersion",
      },
      {
        text: "ld.lld: error: /w/app/jni/arm64-v8a/libpytorch_jni.so: invalid local symbol '__bss_end__' in global part of symbol table",
        expect: "ndk;21.4.7075529",
      },
    ],
  },
  {
    id: "ios-simulator-library",
    title: "The library is for devices, and the app is built for the simulator of an Apple silicon Mac",
    on: ["link"],
    specificity: 90,
    matches: (finding) =>
      saidAny(
        finding,
        /building for ['"]?ios[ -]simulator['"]?, but linking in (?:object file|dylib)(?: \(?(?<file>\/[^([]+))?.{0,200}built for ['"]?ios['"]?(?![ -]sim)/i,
      ),
    confidence: "high",
    cause: (match) =>
      `${match.facts["file"] === undefined ? "The archive of the pod" : `\`${match.facts["file"]}\``} has arm64 code for iPhones and x86_64 code for the simulator, as the pods LibTorch and LibTorch-Lite have; on a Mac with Apple silicon the simulator is arm64, too, for which it has none.`,
    fix: () => [
      `# Podfile, at its end: post_install { |i| i.pods_project.build_configurations.each { |c| c.build_settings['${exclude}'] = 'arm64' } }, written with do … end as the others; then:`,
      "pod install",
      `# the app's own target: Build Settings, Excluded Architectures, Any iOS Simulator SDK: arm64 (xcodebuild … '${exclude}=arm64')`,
      "# the simulator then runs the x86_64 part (Xcode 14.3 and newer: Product, Destination, Destination Architectures, Show Rosetta Destinations); on a device it runs as it is",
    ],
    sources: ["pytorch/ios-demo-app#84", "abdelaziz-mahdy/pytorch_lite#74"],
    examples: [
      {
        text: "ld: in /Users/jo/app/Pods/LibTorch-Lite/install/lib/libtorch.a(empty.cpp.o), building for iOS Simulator, but linking in object file built for iOS, file '/Users/jo/app/Pods/LibTorch-Lite/install/lib/libtorch.a' for architecture arm64\nclang: error: linker command failed with exit code 1 (use -v to see invocation)",
        expect: "EXCLUDED_ARCHS[sdk=iphonesimulator*]",
      },
      {
        text: "Error (Xcode): Building for 'iOS-simulator', but linking in object file (/Users/jo/app/ios/Pods/LibTorch/install/lib/libtorch.a[arm64][2](empty.cpp.o)) built for 'iOS'",
        expect: "`/Users/jo/app/ios/Pods/LibTorch/install/lib/libtorch.a`",
      },
    ],
  },
  {
    id: "ios-torch-archives-not-linked",
    title: "The app for iOS is linked with a part of LibTorch's archives",
    on: ["undefined-symbol"],
    specificity: 91,
    matches: (finding, context) =>
      context.log.ios && finding.phase === "link"
        ? torchSymbol(finding, context, (verdict) => isTorch(verdict.owner))
        : undefined,
    confidence: "high",
    cause: (match) =>
      `\`${match.facts["readable"] ?? ""}\` is of LibTorch, which for iOS is several archives (libtorch.a, libtorch_cpu.a, libc10.a and those of its parts): ${match.context.log.forceLoaded === undefined ? "they are not all linked" : `\`${match.context.log.forceLoaded}\` alone is linked whole`}, and what registers operators is only kept with -force_load.`,
    fix: (match) => {
      const folder = folderOf(match.context.log.forceLoaded ?? "$PWD/install/lib/libtorch.a");
      return [
        `ls ${folder}   # libtorch.a libtorch_cpu.a libc10.a libpytorch_qnnpack.a libXNNPACK.a libnnpack.a libeigen_blas.a libpthreadpool.a libcpuinfo.a libclog.a, as the release has them`,
        `# Xcode, Build Settings, Other Linker Flags: -force_load ${folder}/libtorch.a -force_load ${folder}/libtorch_cpu.a -force_load ${folder}/libc10.a, and the others of that folder likewise (-l<name> does for those that are no torch); Library Search Paths: ${folder}`,
        `# by command: xcodebuild … OTHER_LDFLAGS="-ObjC $(for f in ${folder}/*.a; do printf -- '-force_load %s ' $f; done)"`,
        "# by CocoaPods instead: pod 'LibTorch-Lite' (or 'LibTorch'), whose own settings link all of them",
      ];
    },
    sources: ["pytorch/ios-demo-app#11", "pytorch/pytorch#34541", "pytorch/pytorch#53969"],
    examples: [
      {
        text: 'clang++ -target arm64-apple-ios12.0 -L/w/app/install/lib -force_load /w/app/install/lib/libtorch.a -o App\nUndefined symbols for architecture arm64:\n  "typeinfo for c10::AutogradMetaInterface", referenced from:\n      typeinfo for torch::autograd::AutogradMeta in TorchModule.o\nld: symbol(s) not found for architecture arm64',
        expect: "-force_load /w/app/install/lib/libtorch_cpu.a",
      },
      {
        text: '% ./scripts/build_ios.sh\nUndefined symbols for architecture arm64:\n  "c10::UndefinedTensorImpl::_singleton", referenced from:\n      _main in main.o',
        expect: "libtorch_cpu.a",
      },
    ],
  },
  {
    id: "objective-c-class-not-linked",
    title: "A class of Objective-C is nowhere defined in what is linked",
    on: ["undefined-symbol"],
    specificity: 80,
    matches: (finding) => {
      const name = /^_*OBJC_(?:META)?CLASS_\$_(\w+)$/.exec(finding.symbol ?? "")?.[1];
      return name === undefined || finding.phase !== "link" ? undefined : { name };
    },
    confidence: "medium",
    cause: (match) =>
      `\`${match.facts["name"] ?? ""}\` is a class of the app, or of a pod that wraps LibTorch for it, and none of Apple's: the file that has its @implementation is not compiled into what is linked, or the pod with it is not linked (or for another processor or platform).`,
    fix: (match) => [
      `grep -rln "@implementation ${match.facts["name"] ?? ""}" --include='*.m' --include='*.mm' .   # found: Xcode, the target's Build Phases, Compile Sources has to list that file`,
      "# found in Pods alone, or nowhere: the pod that brings it into the Podfile of the app itself (a framework that was built by itself does not bring its pods along), then:",
      "pod install",
      "# and the .xcworkspace is opened and built, not the .xcodeproj: it alone knows the pods",
    ],
    sources: ["voize-gmbh/pytorch-lite-multiplatform#15", "voize-gmbh/pytorch-lite-multiplatform#20"],
    examples: [
      {
        text: 'Undefined symbols for architecture x86_64:\n  "_OBJC_CLASS_$_GridModule", referenced from:\n      objc-class-ref in grid_multiplatform(result.o)\nld: symbol(s) not found for architecture x86_64',
        expect: "@implementation GridModule",
      },
    ],
  },
  {
    id: "executorch-operator-missing",
    title: "The ExecuTorch program has no kernel for an operator of the model",
    on: ["exception"],
    specificity: 82,
    matches: (finding) => said(finding, /Missing operator: \[\d+\] (?<op>(?<space>\w+)::[\w.]+)/),
    confidence: "high",
    cause: (match) =>
      `The model (.pte) calls \`${match.facts["op"] ?? ""}\`, and no kernel of that name is registered in the program: libraries of kernels register them as they are loaded, and the linker leaves a static library out of which nothing is called by name (or it is not linked, or has no such operator).`,
    fix: (match) => {
      const { op = "", space = "" } = match.facts;
      const library =
        space === "quantized_decomposed" ? "quantized_ops_lib" : space === "llama" ? "custom_ops" : "portable_ops_lib";
      const kernels = library.replace("_ops_lib", "_kernels");
      return [
        ...(/dropout|batch_norm/.test(op)
          ? [
              "# the model, in Python: model.eval() before torch.export: in training it keeps operators that no program on a device has",
            ]
          : []),
        `# CMakeLists.txt: target_link_libraries(<the program> PRIVATE executorch ${library}${kernels === library ? "" : ` ${kernels}`}) and executorch_target_link_options_shared_lib(${library})   # target_link_options_shared_lib before 1.0: it keeps the whole library`,
        `# with the archives by hand: -Wl,--whole-archive lib${library}.a -Wl,--no-whole-archive${kernels === library ? "" : ` lib${kernels}.a`}   # macOS, iOS: -Wl,-force_load,lib${library}.a`,
        `# a build with selected operators: gen_selected_ops(LIB_NAME <lib> OPS_FROM_MODEL model.pte), or ROOT_OPS with ${op} in it`,
      ];
    },
    sources: ["pytorch/executorch#5009", "pytorch/executorch#1287"],
    examples: [
      {
        text: "E 00:00:00.000511 executorch:method.cpp:536] Missing operator: [0] aten::add.out\nE 00:00:00.000531 executorch:method.cpp:724] There are 1 instructions don't have corresponding operator registered. See logs for details",
        expect: "--whole-archive libportable_ops_lib.a",
      },
      {
        text: "11-24 09:35:11.099: I/ETLOG(3388): Missing operator: [4] aten::native_dropout.out",
        expect: "model.eval()",
      },
      {
        text: "[method.cpp:561] Missing operator: [2] quantized_decomposed::embedding_byte.out",
        expect: "libquantized_ops_lib.a",
      },
    ],
  },
];
