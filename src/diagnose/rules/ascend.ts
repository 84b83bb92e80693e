/** Huawei's Ascend: torch_npu, and CANN below it. */
import { pip } from "../commands/commands.ts";
import { header, includedBy, missingLibrary } from "../matchers.ts";
import { type Match, type Rule, said, saidAny } from "../rule.ts";
import { symbolFacts, verdictOf } from "./symbol-facts.ts";

const cann =
  "source /usr/local/Ascend/ascend-toolkit/set_env.sh   # CANN 8.5 and newer: /usr/local/Ascend/cann/set_env.sh";
const nnal = "source /usr/local/Ascend/nnal/atb/set_env.sh   # ATB, of the package Ascend-cann-nnal";
const table = "https://gitcode.com/Ascend/pytorch";

/** Shows which releases meet. */
function versions(match: Match): string[] {
  return [
    `${pip(match, "list")} | grep -i -E '^torch|npu'; cat /usr/local/Ascend/ascend-toolkit/latest/*/ascend_toolkit_install.info`,
    `# torch, torch_npu and CANN go together by the table of ${table}: install the CANN toolkit, kernels and nnal of the row of this torch_npu`,
  ];
}

export const ascendRules: readonly Rule[] = [
  {
    id: "ascend-symbol-missing",
    title: "torch_npu and CANN are of releases that do not go together",
    on: ["undefined-symbol"],
    specificity: 82,
    matches: (finding, context) => {
      const verdict = verdictOf(finding);
      if (verdict === undefined) return undefined;
      const first = verdict.symbol.path[0] ?? "";
      const isAtb = first === "atb" || first === "Mki";
      const isAscend =
        isAtb ||
        /^(?:ge|c10_npu|at_npu|npu|hccl|acl)$/.test(first) ||
        /^(?:aclnn|aclrt|aclop|aclmdl|aclprof|aclblas|acl[A-Z]|Hccl|hccl[A-Z]|rt(?:Stream|Event|Dev|Kernel)[A-Z])/.test(
          verdict.symbol.name,
        );
      // Arm's Compute Library has a namespace of that name, too.
      if (!isAscend || (first === "acl" && !/npu|ascend/i.test(`${finding.file ?? ""}${finding.text}`)))
        return undefined;
      return { ...symbolFacts(finding, verdict, context), atb: isAtb ? "yes" : undefined };
    },
    confidence: "high",
    cause: (match) =>
      match.facts["atb"] === undefined
        ? `\`${match.facts["name"] ?? ""}\` is of Ascend's CANN (or of torch_npu), and the library that is found is of another release than ${match.facts["who"] ?? "the module"} was built with.`
        : `\`${match.facts["name"] ?? ""}\` is of ATB, which comes with the package Ascend-cann-nnal: it is not installed, its set_env.sh was not sourced in this shell, or it is of another release (or of the other C++ ABI, cxx_abi_0 and cxx_abi_1) than torch_npu was built with.`,
    fix: (match) => [cann, ...(match.facts["atb"] === undefined ? [] : [nnal]), ...versions(match)],
    sources: ["vllm-project/vllm-ascend#117", table],
    examples: [
      {
        text: "ImportError: /e/torch_npu/lib/libtorch_npu.so: undefined symbol: _ZN3atb15CreateOperationINS_5infer14GroupTopkParamEEEiRKT_PPNS_9OperationE",
        expect: "nnal",
      },
      {
        text: "ImportError: /e/vllm_ascend/vllm_ascend_C.so: undefined symbol: aclnnAddRmsNormGetWorkspaceSize",
        expect: "set_env.sh",
      },
    ],
  },
  {
    id: "ascend-operator-missing-in-cann",
    title: "CANN does not have the operator that torch_npu calls",
    on: ["exception"],
    specificity: 80,
    matches: (finding) =>
      saidAny(
        finding,
        /(?<op>aclnn\w+)(?: or \w+)? not in (?<lib>lib\w+\.so)/,
        /(?<lib>lib(?:opapi|cust_opapi)\.so) ?not found/,
        /(?<op>aclnn\w+).*(?:not found|is not supported|does not exist)/,
      ),
    confidence: "high",
    cause: (match) =>
      `torch_npu looks ${match.facts["op"] === undefined ? "for its operators" : `for \`${match.facts["op"]}\``} in ${match.facts["lib"] ?? "CANN's libopapi.so"}, and that library does not have it or is not found: CANN (the toolkit or its kernels package) is older than this torch_npu, the kernels for this processor are not installed, or CANN's set_env.sh was not sourced.`,
    fix: (match) => [
      cann,
      ...versions(match),
      "# the package Ascend-cann-kernels-<your chip> is needed beside the toolkit",
    ],
    sources: ["vllm-project/vllm#8054", table],
    examples: [
      {
        text: "RuntimeError: aclnnPromptFlashAttentionV3 or aclnnPromptFlashAttentionV3GetWorkspaceSize not in libopapi.so, or libopapi.sonot found.",
        expect: "set_env.sh",
      },
    ],
  },
  {
    id: "ascend-environment-not-set",
    title: "Ascend's CANN is not found",
    on: ["missing-library", "missing-header", "exception", "build-tool"],
    specificity: 84,
    matches: (finding) => {
      if (finding.kind === "missing-header")
        return header(
          finding,
          /^(?:acl|aclnn\w*|hccl|ge|graph|register|torch_npu|atb|tiling|kernel_operator|lib\/matmul_intf)(?:\/(?:acl\w*|aclnn\w*|hccl\w*|ge_\w+|op_\w+|npu_\w+|atb_\w+|csrc\/.*|types|operation|utils)|_\w+)?\.h$|^torch_npu\//,
        );
      if (finding.kind === "missing-library")
        return missingLibrary(
          finding,
          /^lib(?:ascendcl|ascend_hal|hccl|atb|ge_runner|ge_compiler|opapi|acl_op_compiler|nnopbase|runtime|msprofiler|graph|platform|tiling_api|asdops|mki)\.so/,
        );
      return saidAny(
        finding,
        /(?<what>ASCEND_(?:HOME_PATH|TOOLKIT_HOME|OPP_PATH|HOME)) (?:is not set|environment variable|not (?:found|set))/,
        /No module named ['"](?<what>tbe|te|acl|hccl|auto_tune|opc_tool)['"]/,
        /\b(?<what>CANN)\b.*(?:is not (?:installed|found)|not found|please (?:source|check))/,
        /Failed to load the backend extension: (?<what>torch_npu)/,
      );
    },
    confidence: "medium",
    cause: (match) =>
      `${match.facts["header"] !== undefined ? `\`${match.facts["header"]}\`${includedBy(match)}` : match.facts["name"] !== undefined ? `\`${match.facts["name"]}\`` : `\`${match.facts["what"] ?? ""}\``} belongs to Ascend's CANN (or torch_npu): its environment is not set in this shell (set_env.sh), or the package that holds it is not installed. (libascend_hal.so is of the NPU's driver.)`,
    fix: (match) => [
      cann,
      ...(/atb|asdops|mki/.test(`${match.facts["name"] ?? ""}${match.facts["header"] ?? ""}`) ? [nnal] : []),
      ...(/hal/.test(match.facts["name"] ?? "")
        ? [
            "export LD_LIBRARY_PATH=/usr/local/Ascend/driver/lib64:/usr/local/Ascend/driver/lib64/driver:$LD_LIBRARY_PATH   # container: mount the driver and /dev/davinci*",
          ]
        : []),
      "npu-smi info",
      ...versions(match),
    ],
    sources: [table],
    examples: [
      {
        text: "ImportError: libhccl.so: cannot open shared object file: No such file or directory",
        expect: "set_env.sh",
      },
      { text: "csrc/a.cpp:3:10: fatal error: acl/acl.h: No such file or directory", expect: "CANN" },
      { text: "ModuleNotFoundError: No module named 'tbe'", expect: "set_env.sh" },
      {
        text: "ImportError: libascend_hal.so: cannot open shared object file: No such file or directory",
        expect: "/usr/local/Ascend/driver",
      },
    ],
  },
  {
    id: "ascend-hccl-failed",
    title: "Ascend's HCCL cannot connect the NPUs",
    on: ["exception"],
    specificity: 72,
    matches: (finding) =>
      saidAny(
        finding,
        /HCCL function error: ?(?<call>\w+).*?(?:error code is (?<code>\d+))?$/,
        /HCCL error in:/,
        /call hccl api failed/,
      ),
    confidence: "medium",
    cause: (match) =>
      `HCCL, what NCCL is on Ascend, could not start${match.facts["code"] === undefined ? "" : ` (code ${match.facts["code"]})`}: ranks see other NPUs than they are to have (ASCEND_RT_VISIBLE_DEVICES; more ranks than NPUs, the same NPU twice), an NPU is still taken by a process that died, the NPUs' own network has no link or addresses (hccn), or torch_npu, CANN and driver are of releases that do not fit.`,
    fix: (match) => [
      "npu-smi info   # free and healthy? end what is left over; echo $ASCEND_RT_VISIBLE_DEVICES",
      "for i in $(seq 0 7); do hccn_tool -i $i -link -g; hccn_tool -i $i -ip -g; done   # several machines or cards: link UP, an address each",
      "export HCCL_CONNECT_TIMEOUT=1800 HCCL_WHITELIST_DISABLE=1 HCCL_IF_IP=<address of this machine> ASCEND_GLOBAL_LOG_LEVEL=1   # and HCCL_SOCKET_IFNAME; plog below ~/ascend/log names the rank that is missing",
      "# container: --ipc=host --network=host, all /dev/davinci* of the group, /etc/hccn.conf mounted",
      ...versions(match),
    ],
    sources: ["vllm-project/vllm-ascend#397", "hiyouga/LlamaFactory#3839"],
    examples: [
      {
        text: "RuntimeError: create:build/CMakeFiles/torch_npu.dir/compiler_depend.ts:89 HCCL function error: HcclCommInitRootInfo(numRanks, &rootInfo, rank, &(comm->hcclComm_)), error code is 6",
        expect: "hccn_tool",
      },
    ],
  },
  {
    id: "ascend-operator-not-built",
    title: "CANN could not prepare an operator",
    on: ["exception"],
    specificity: 70,
    matches: (finding) =>
      said(finding, /call (?<call>aclnn\w+) failed.*error code is (?<code>561\d{3})/) ??
      said(finding, /build op model failed/) ??
      (finding.code === "ascend-inner" ? {} : undefined),
    confidence: "medium",
    cause: (match) =>
      `CANN ${match.facts["call"] === undefined ? "failed inside of itself when it was to build an operator" : `has no ready kernel for \`${match.facts["call"]}\` here (${match.facts["code"] ?? ""})`}: the kernels package for this processor (Ascend-cann-kernels-<chip>) is not installed or of another release than the toolkit, Python packages that CANN's operator compiler imports are missing (decorator, sympy, attrs, psutil, cffi, protobuf, scipy), or set_env.sh was not sourced.`,
    fix: (match) => [
      pip(
        match,
        "install decorator sympy cffi protobuf attrs pyyaml pathlib2 scipy requests psutil absl-py 'numpy<2'",
      ) + "   # what CANN's compiler needs of Python",
      cann,
      "npu-smi info; ls $ASCEND_OPP_PATH/built-in/op_impl/ai_core/tbe/kernel   # is there a folder for this chip (ascend910b, ascend310p)? else install Ascend-cann-kernels-<chip>",
      "export ASCEND_GLOBAL_LOG_LEVEL=1 ASCEND_SLOG_PRINT_TO_STDOUT=1   # CANN's own words",
      ...versions(match),
    ],
    sources: ["Ascend/pytorch#7", "Ascend/pytorch#90"],
    examples: [
      {
        text: "RuntimeError: copy_d2d_baseformat_opapi:build/CMakeFiles/torch_npu.dir/compiler_depend.ts:88 NPU function error: call aclnnInplaceCopy failed, error code is 561103",
        expect: "Ascend-cann-kernels",
      },
      { text: "EH9999: Inner Error!", expect: "install decorator sympy" },
    ],
  },
  {
    id: "ascend-call-failed",
    title: "A call of Ascend's run time failed",
    on: ["exception", "gpu"],
    role: "symptom",
    specificity: 58,
    matches: (finding) =>
      said(
        finding,
        /(?:NPU function error|call (?<call>acl\w+) failed|(?:ERR|EZ|EE|EI|EJ)\d{4,5}\b.*|error code is (?<code>[125]0\d{4}))/,
      ),
    confidence: "low",
    cause: (match) =>
      `A call below torch_npu${match.facts["call"] === undefined ? "" : ` (\`${match.facts["call"]}\`)`} failed${match.facts["code"] === undefined ? "" : ` with ${match.facts["code"]}`}: 107xxx are wrong arguments or no context, 207xxx resources, 500xxx errors inside CANN (often an operator that this CANN or chip does not have), 507xxx errors of the device. The log below ~/ascend/log says more.`,
    fix: (match) => [
      "export ASCEND_LAUNCH_BLOCKING=1 ASCEND_GLOBAL_LOG_LEVEL=1 ASCEND_SLOG_PRINT_TO_STDOUT=1   # shows the call at fault and CANN's own words",
      "npu-smi info   # is the device free and healthy?",
      ...versions(match),
    ],
    sources: ["https://www.hiascend.com/document"],
    examples: [
      {
        text: "RuntimeError: SetPrecisionMode:build/CMakeFiles/torch_npu.dir/x.cpp:156 NPU function error: at_npu::native::AclSetCompileopt(aclCompileOpt::ACL_PRECISION_MODE, mode), error code is 500001",
        expect: "507xxx",
      },
    ],
  },
];
