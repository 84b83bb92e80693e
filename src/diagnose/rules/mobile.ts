/**
 * PyTorch Mobile: models of the lite interpreter whose operators an app does not have. Whether an app's build file names a
 * package is not read: what has to stand there is said.
 */
import type { Finding } from "../finding.ts";
import { type Match, type Rule, type RuleContext, saidAny } from "../rule.ts";

/** Namespaces that torch itself registers. */
const ofTorch = /^(?:aten|prim|quantized|quantized_\w+|prepacked|xnnpack|metal|metal_prepack|vulkan\w*|static|sparse)$/;

/** The namespaces of `{torchvision::nms, torchvision::roi_align, }` and of `[aten::conv2d]`. */
function spaces(match: Match): readonly string[] {
  const found = (match.facts["ops"] ?? "").matchAll(/(\w+)::\w/g);
  return [...new Set([...found].map(([, name]) => name ?? ""))];
}

/** Whether the JVM of an Android app speaks. */
export function isAndroid(finding: Finding, { findings }: RuleContext): boolean {
  return (
    /com\.facebook\.jni|\bAndroidRuntime\b|\bF DEBUG\b/.test(`${finding.message} ${finding.text}`) ||
    findings.some(({ code, text }) => code === "CppException" || /\bAndroidRuntime\b/.test(text))
  );
}

/** Loads a library of the app's package before the first model, in the words of both languages. */
function loadsOnAndroid(torch: string, library: string, file: string): string[] {
  const calls = (end: string) =>
    `if (!NativeLoader.isInitialized()) NativeLoader.init(${end === ";" ? "new " : ""}SystemDelegate()); NativeLoader.loadLibrary("${torch}"); NativeLoader.loadLibrary("${library}")${end}`;
  return [
    `# Kotlin, in the class that loads the model${file}: companion object { init { ${calls("")} } }`,
    `# Java: static { ${calls(";")} }   # imports com.facebook.soloader.nativeloader.NativeLoader and SystemDelegate`,
  ];
}

/** torchvision's operators for an app, where they have a package of their own. */
export function visionOnAndroid({ context: { log } }: Match, isLite: boolean): string[] {
  const loader = "implementation 'com.facebook.soloader:nativeloader:0.10.5'";
  const release = /^1\.8\b/.test(log.androidTorch?.release ?? "")
    ? "0.9.0"
    : /^1\.(?:9|10)\b/.test(log.androidTorch?.release ?? "")
      ? "0.10.0"
      : undefined;
  return [
    log.namesVisionOps
      ? `# org.pytorch:torchvision_ops is in the app, and is loaded by nobody: app/build.gradle, ${loader}, and:`
      : `# app/build.gradle: implementation 'org.pytorch:torchvision_ops:${release ?? "<release>"}'${release === undefined ? " beside pytorch_android (0.9.0 for 1.8.0, 0.10.0 for 1.9.0 and 1.10.0)" : ""}, and ${loader}`,
    ...loadsOnAndroid(isLite ? "pytorch_jni_lite" : "pytorch_jni", "torchvision_ops", ", before the call"),
  ];
}

export const visionOnIos =
  "# iOS, Podfile: pod 'LibTorchvision' in the release for this LibTorch-Lite (0.10.0 for 1.9), pod install, and -force_load of it in Other Linker Flags where it is linked statically";

const selected =
  "# a build of one's own with SELECTED_OP_LIST (or TRACING_BASED): make the list anew from this very model (torch.jit.export_opnames(torch.jit.load(…))), and build the library again";

export const mobileRules: readonly Rule[] = [
  {
    id: "mobile-operators-missing",
    title: "The app has no kernel for operators of the model",
    on: ["exception", "wrapper"],
    specificity: 86,
    matches: (finding) =>
      saidAny(
        finding,
        /Following ops cannot be found[^{[]{0,400}?[{[](?<ops>\w+::[^}\]]{1,4000})/,
        /Following ops cannot be found(?<ops>)/,
      ),
    confidence: "high",
    cause: (match) => {
      const ops = (match.facts["ops"] ?? "").replace(/[,\s]+$/, "");
      const named = ops === "" ? "some operators" : `\`${ops}\``;
      const [space = ""] = spaces(match).filter((name) => !ofTorch.test(name));
      return space === ""
        ? `The model (.ptl) calls ${named}, and the PyTorch in the app has no kernel for it: the library was built with selected operators of another model, or is of an older release than the torch that exported the model.`
        : `The model (.ptl) calls ${named}, and nothing in the app has registered ${ops.includes(",") ? "them" : "it"}: a library of operators that is packed into the app registers them only when it is loaded, and PyTorch's own library loads itself alone.`;
    },
    fix: (match) => {
      const others = spaces(match).filter((name) => !ofTorch.test(name));
      const android = isAndroid(match.finding, match.context);
      const own = others.filter((name) => name !== "torchvision");
      return [
        ...(others.includes("torchvision")
          ? android
            ? visionOnAndroid(match, true)
            : [visionOnIos, ...visionOnAndroid(match, true)]
          : []),
        ...own.flatMap((name) => [
          `# ${name}: build the C++ that has TORCH_LIBRARY(${name}, m) for the app, too (Android: a shared library of CMake with the NDK, against the libraries of pytorch_android_lite), and load it before the model:`,
          ...loadsOnAndroid("pytorch_jni_lite", name, ""),
          "# iOS: link it with -force_load; operators that Python defines (torch.library) do not exist in an app",
        ]),
        ...(others.length === spaces(match).length && others.length > 0
          ? []
          : [
              "# app/build.gradle: org.pytorch:pytorch_android_lite (iOS: pod 'LibTorch-Lite') of the release of the torch that exports, or export with the torch of the app's release (1.13.1 is the newest on Android)",
              selected,
            ]),
      ];
    },
    sources: [
      "pytorch/android-demo-app#319",
      "pytorch/android-demo-app#178",
      "pytorch/vision#2897",
      "pytorch/pytorch#94205",
      "pytorch/ios-demo-app: D2Go/Podfile",
      "pytorch/android-demo-app: D2Go/ObjectDetection/app/build.gradle",
    ],
    examples: [
      {
        text: "05-09 17:35:51.580 E/Gpu     (158): Failed to open /sys/class/gpu/clk: Permission denied\n05-09 17:35:52.071 E/AndroidRuntime(158): FATAL EXCEPTION: main\n05-09 17:35:52.071 E/AndroidRuntime(158): java.lang.RuntimeException: Unable to start activity ComponentInfo{org.some.app/org.some.app.Main}: com.facebook.jni.CppException: Following ops cannot be found. Check fburl.com/missing_ops for the fix.{torchvision::nms, } ()",
        expect: 'NativeLoader.loadLibrary("torchvision_ops")',
      },
      {
        text: "12-06 00:23:36.523  82  82 F DEBUG   : Abort message: 'terminating with uncaught exception of type c10::Error: Following ops cannot be found: [aten::max_pool2d, aten::conv2d]. Please check if the operator library is included in the build. If built with selected ops, check if these ops are in the list. ()",
        expect: "export_opnames",
      },
      {
        text: "implementation 'org.pytorch:pytorch_android_lite:1.10.0'\nimplementation 'org.pytorch:torchvision_ops:0.10.0'\njava.lang.RuntimeException: com.facebook.jni.CppException: Following ops cannot be found. Check fburl.com/missing_ops for the fix.{torchvision::nms, } ()",
        expect: "is in the app, and is loaded by nobody",
      },
      {
        text: "libc++abi: terminating with uncaught exception of type c10::Error: Following ops cannot be found: [grid_ops::pool]. Please check if the operator library is included in the build. ()",
        expect: "TORCH_LIBRARY(grid_ops, m)",
      },
    ],
  },
];
