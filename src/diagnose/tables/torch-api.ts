/**
 * Names of torch's C++ interface that came or went, for code that is older or newer than the torch that it is compiled
 * against. Only what can be said with certainty stands here; a release is named where it is known.
 * Source: the release notes of PyTorch ("Backwards Incompatible Changes", "C++ API") and torch's headers of the releases.
 */
import type { Edit } from "../edit.ts";

/** What is known of a name. */
export interface TorchName {
  /** Tried on the name with its namespace or class (`torch::jit::RegisterOperators`), or on a macro. */
  readonly form: RegExp;
  /** The first release with it. */
  readonly since?: string;
  /** The first release without it. */
  readonly gone?: string;
  /** What takes its place. */
  readonly instead?: string;
  /** An edit that is the whole change. */
  readonly rename?: Edit;
  /** The name is one that whole projects use: `rename` is for all their sources. */
  readonly isWide?: true;
}

/** First match wins. */
const names: readonly TorchName[] = [
  // Came with a release.
  {
    form: /^(?:torch|c10|at)::(?:InferenceMode|AutoInferenceMode)$/,
    since: "1.9",
    instead: "in the source, for any torch: torch::NoGradGuard no_grad;",
  },
  { form: /^torch::autograd::(?:Function|AutogradContext)$/, since: "1.3" },
  // pytorch/pytorch#29812 (November 2019), and the words of #16696 for a torch from before it.
  {
    form: /^torch::nn::(?:functional::(?:cross_entropy|CrossEntropyFuncOptions)|CrossEntropyLoss)$/,
    since: "1.4",
    instead: "in the source, for any torch: torch::nll_loss(torch::log_softmax(output, 1), target)",
  },
  { form: /^TORCH_LIBRARY_FRAGMENT$/, since: "1.8" },
  { form: /^TORCH_LIBRARY(?:_IMPL)?$/, since: "1.6" },
  { form: /^STABLE_TORCH_LIBRARY\w*$|^torch::stable\b|^torch::headeronly\b/, since: "2.9" },
  { form: /^TORCH_CHECK$|^TORCH_WARN$/, since: "1.2" },
  // The macro came with pytorch/pytorch#69041 (December 2021); PyTorch3D defines it itself "for torch <= 1.10".
  {
    form: /^TORCH_CHECK_ARG$/,
    since: "1.11",
    instead: 'in the source, for any torch: TORCH_CHECK(condition, "message"), without the number',
  },
  { form: /^AT_DISPATCH_V2$/, since: "2.3" },
  { form: /^AT_DISPATCH_(?:SWITCH|CASE\w*)$/, since: "1.13" },
  { form: /^c10::OperatorHandle::typed$/, since: "1.6" },
  { form: /(?:^|::)(?:SymInt(?:ArrayRef)?|sym_sizes|sym_strides|sym_numel|guard_int)$/, since: "1.13" },
  { form: /(?:^|::)(?:const_data_ptr|mutable_data_ptr)$/, since: "2.1" },
  { form: /^(?:at|c10|torch)::k?(?:UInt16|UInt32|UInt64)$/, since: "2.3" },
  { form: /(?:^|::)k?Float8_e8m0fnu$/, since: "2.7" },
  { form: /(?:^|::)k?Float4_e2m1fn_x2$/, since: "2.8" },
  { form: /(?:^|::)k?Float8_e[45]m[23](?:fn)?uz$/, since: "2.2" },
  { form: /(?:^|::)k?Float8_e[45]m[23](?:fn)?$/, since: "2.1" },
  { form: /^torch::indexing(?:::\w+)?$/, since: "1.5" },
  { form: /^torch::inductor::AOTIModelPackageLoader$/, since: "2.6" },
  { form: /^torch::inductor::AOTIModelContainerRunner\w*$/, since: "2.2" },
  { form: /^c10d::Backend$/, since: "2.0" },
  { form: /^torch::fft::\w+$/, since: "1.7", instead: "with #include <torch/fft.h>" },
  { form: /^torch::linalg_\w+$/, since: "1.8" },
  {
    form: /^torch::linalg(?:::\w+)?$/,
    instead: "torch::linalg_cholesky, torch::linalg_inv, … (the namespace torch::linalg went with torch/linalg.h)",
    rename: ["torch::linalg::", "torch::linalg_"],
  },
  { form: /^at::Tensor(?:Base)?::data_ptr$/, since: "1.3", instead: "before 1.3: x.data<T>()" },
  { form: /^(?:at|torch)::(?:GenericPackedTensorAccessor|PackedTensorAccessor(?:32|64))$/, since: "1.3" },
  {
    form: /^at::(?:Tensor(?:Base)?::)?(?:generic_packed_accessor|packed_accessor(?:32|64))$/,
    since: "1.3",
    instead: "before 1.3: packed_accessor",
  },
  // Went, or has another name.
  {
    form: /^torch::jit::RegisterOperators(?:::\w+)?$/,
    instead:
      "torch::RegisterOperators (functions were registered so up to 1.3), and since 1.6 TORCH_LIBRARY(ns, m) { m.def(…, &f); }",
    rename: ["torch::jit::RegisterOperators", "torch::RegisterOperators"],
  },
  {
    form: /^(?:at|torch)::(?:CUDA|CPU|getType|tensorFromBlob|getNonVariableType|ScalarTypeToTypeMeta)$/,
    gone: "1.1",
    instead: "torch::zeros(sizes, torch::dtype(torch::kFloat).device(torch::kCUDA)), torch::from_blob(…)",
  },
  { form: /^(?:at|c10)::IntList$/, gone: "1.2", instead: "at::IntArrayRef", rename: ["IntList", "IntArrayRef"] },
  {
    form: /(?:^|::)(?:getTHCState|lazyInitTHC)$/,
    gone: "1.11",
    instead: "no state is needed: c10::cuda::getCurrentCUDAStream(), c10::cuda::CUDACachingAllocator, at::cuda::blas",
  },
  { form: /(?:^|::)toGenericListRef$/, instead: "toListRef()", rename: ["toGenericListRef", "toListRef"] },
  {
    form: /^torch::optim::\w+Options::learning_rate_?$|Options::learning_rate_?$/,
    gone: "1.5",
    instead: "lr(…), and optimizer.param_groups()[0].options() in place of optimizer.options",
    rename: ["learning_rate", "lr"],
  },
  // Omegastick/pytorch-cpp-rl#27; release notes of 1.5.
  {
    form: /^torch::optim::(?:Adam|AdamW|Adagrad|RMSprop|SGD|LBFGS)::options$/,
    gone: "1.5",
    instead:
      "the options of each group: for (auto& group : optimizer.param_groups()) static_cast<torch::optim::AdamOptions&>(group.options()).lr(0.001); (the class is that of the optimizer)",
  },
  { form: /Options(?:<[^>]*>)?::with_bias$/, gone: "1.5", instead: "bias(…)", rename: ["with_bias", "bias"] },
  { form: /^torch::nn::FeatureDropout$/, gone: "1.5", instead: "torch::nn::Dropout2d or Dropout3d" },
  { form: /^torch::nn::BatchNorm(?:Options)?$/, gone: "1.5", instead: "torch::nn::BatchNorm1d, 2d or 3d" },
  { form: /BatchNormOptions::stateful$/, gone: "1.5", instead: "track_running_stats(…)" },
  {
    form: /^torch::nn::(?:RNNOptionsBase|RNNOutput|LSTMOutput)$|RNNOutput::(?:output|state)$/,
    gone: "1.5",
    instead: "a std::tuple: auto [output, state] = lstm->forward(x)",
  },
  {
    form: /^torch::nn::init::(?:Nonlinearity|FanMode)$/,
    gone: "1.5",
    instead: "torch::kLeakyReLU, torch::kReLU, torch::kFanIn, torch::kFanOut, …",
  },
  {
    form: /^torch::(?:rfft|irfft|ifft)$/,
    gone: "1.8",
    instead: "torch::fft::rfft and its like, with #include <torch/fft.h>",
  },
  {
    form: /^(?:torch|at)::(?:solve|lstsq|eig|matrix_rank)$/,
    gone: "1.13",
    instead: "torch::linalg_solve, linalg_lstsq, linalg_eig, linalg_matrix_rank",
  },
  { form: /^(?:torch|at)::symeig$/, gone: "2.0", instead: "torch::linalg_eigh" },
  {
    form: /^c10::guts::to_string$/,
    gone: "2.1",
    instead: "c10::str(x), with #include <c10/util/StringUtil.h>; it takes pointers, too (std::to_string does not)",
    rename: ["c10::guts::to_string", "c10::str"],
  },
  // pytorch/pytorch#82032
  {
    form: /^D?CHECK_(?:EQ|NE|LT|LE|GT|GE)$|^CHECK_NOTNULL$/,
    gone: "1.13",
    instead: "TORCH_CHECK_EQ, TORCH_CHECK_LT and their like, with #include <c10/util/Logging.h>",
    rename: ["\\b(D?)CHECK_([ENLG][A-Z]*)\\b", "TORCH_\\1CHECK_\\2"],
  },
  {
    form: /^c10::guts::(?:conjunction|disjunction|negation|void_t|is_\w+|\w+_t|make_unique|invoke|apply|if_constexpr|bool_constant|reverse|clamp)$/,
    gone: "2.1",
    instead: "std:: of C++17",
    rename: ["c10::guts::", "std::"],
  },
  {
    form: /^c10::(?:variant|get_if|holds_alternative|visit|in_place|in_place_index_t|monostate|get)$/,
    gone: "2.1",
    instead: "std::variant and its like, with #include <variant>",
    rename: ["\\bc10::(variant|get_if|holds_alternative|visit|in_place|in_place_index_t|monostate|get)\\b", "std::\\1"],
  },
  {
    form: /^(?:c10|at|torch)::(?:optional|nullopt|nullopt_t|make_optional|value_or_else)$/,
    instead: "std::optional and std::nullopt, with #include <optional> (torch 2.5 and newer; C++17)",
    rename: ["(c10|at|torch)::(optional|nullopt|make_optional)", "std::\\2"],
    isWide: true,
  },
  {
    form: /^c10::string_view$|^c10::basic_string_view$/,
    instead: "std::string_view",
    rename: ["c10::string_view", "std::string_view"],
  },
  { form: /^c10d::ProcessGroup::Work$/, gone: "1.13", instead: "c10d::Work", rename: ["ProcessGroup::Work", "Work"] },
  {
    form: /(?:^|::)(?:CUDATensorId|CPUTensorId|SparseCUDATensorId|TensorTypeId|VariableTensorId)$/,
    gone: "1.5",
    instead: "c10::DispatchKey::CUDA, CPU, …",
  },
  { form: /^CAFFE2_API$/, gone: "1.8", instead: "TORCH_API", rename: ["CAFFE2_API", "TORCH_API"] },
  { form: /^AT_CUDA_API$/, gone: "1.8", instead: "TORCH_CUDA_CU_API", rename: ["AT_CUDA_API", "TORCH_CUDA_CU_API"] },
  {
    form: /^torch::(?:no_grad|inference_mode)$/,
    instead: "torch::NoGradGuard no_grad; (as long as it lives; inference: c10::InferenceMode guard;)",
  },
  { form: /^C10_FALLTHROUGH$/, instead: "[[fallthrough]]" },
  { form: /^AT_DISPATCH_ALL_TYPES_AND_HALF$/, instead: "AT_DISPATCH_ALL_TYPES_AND(at::ScalarType::Half, …)" },
  {
    form: /^AT_FORALL_SCALAR_TYPES_EXCEPT_\w+$|^AT_FORALL_SCALAR_TYPES_WITH_COMPLEX\w*$/,
    instead: "AT_FORALL_SCALAR_TYPES_AND2(Half, BFloat16, …) and its like",
  },
  {
    form: /^torch::executor(?:::\w+)*$/,
    instead: "executorch::runtime, executorch::extension, executorch::aten (ExecuTorch 0.4 and newer)",
  },
  {
    form: /(?:^|::)(?:philox_engine_inputs)$/,
    instead: "philox_cuda_state(increment), with at::cuda::philox::unpack in the kernel",
  },
  {
    form: /^(?:at|torch)::(?:CUDAGenerator|CPUGenerator)$/,
    gone: "1.6",
    instead: "at::CUDAGeneratorImpl; functions take std::optional<at::Generator>",
  },
  { form: /^torch::utils::cuda_lazy_init$/, gone: "2.3", instead: "torch::utils::device_lazy_init(at::kCUDA)" },
];

/** What is known of a name with its namespace. */
export function torchName(qualified: string): TorchName | undefined {
  return names.find((entry) => entry.form.test(qualified));
}

/** The release of torchvision or torchaudio for a torch release: both are made for one. Source: their READMEs. */
export function companionRelease(companion: "torchvision" | "torchaudio", torch: string): string | undefined {
  const release = /^(\d+)\.(\d+)/.exec(torch);
  if (release === null) return undefined;
  const [major, minor] = [Number(release[1]), Number(release[2])];
  if (companion === "torchaudio") return major >= 2 ? `${major}.${minor}` : `0.${minor}`;
  return major >= 2 ? `0.${minor + 15}` : `0.${minor + 1}`;
}

/** A header of torch that lies elsewhere since a release. */
export interface MovedHeader {
  readonly form: RegExp;
  /** `$1` stands for the form's group, `$0` for the file's name. */
  readonly to: string;
  readonly since?: string;
}

/** Source: torch's include folder of the releases; pytorch/pytorch#33851 (the folders of torch/csrc/jit, 1.5). */
const movedHeaders: readonly MovedHeader[] = [
  {
    form: /^torch\/csrc\/jit\/((?:argument_spec|autodiff|custom_operator|exception_message|graph_executor\w*|instruction|interpreter|jit_exception|logging|operator|operator_options|print_handler|profiling_record|profiling_graph_executor_impl|register_ops_utils|symbolic_script|vararg_functions)\.h)$/,
    to: "torch/csrc/jit/runtime/$1",
    since: "1.5",
  },
  {
    form: /^torch\/csrc\/jit\/((?:attributes|constants|graph_node_list|ir|ir_views|irparser|named_value|node_hashing|scope|subgraph_matcher|alias_analysis|type_hashing)\.h)$/,
    to: "torch/csrc/jit/ir/$1",
    since: "1.5",
  },
  {
    form: /^torch\/csrc\/jit\/((?:export|import|import_legacy|import_source|pickle|pickler|unpickler|source_range_serialization|import_export_helpers)\.h)$/,
    to: "torch/csrc/jit/serialization/$1",
    since: "1.5",
  },
  {
    form: /^torch\/csrc\/jit\/((?:pybind|pybind_utils|python_ir|python_ivalue|python_tracer|python_arg_flatten)\.h)$/,
    to: "torch/csrc/jit/python/$1",
    since: "1.5",
  },
  {
    form: /^torch\/csrc\/jit\/script\/((?:module|compilation_unit|method|object)\.h)$/,
    to: "torch/csrc/jit/api/$1",
    since: "1.5",
  },
  { form: /^torch\/csrc\/jit\/script\/compiler\.h$/, to: "torch/csrc/jit/frontend/ir_emitter.h", since: "1.5" },
  {
    form: /^torch\/csrc\/jit\/(?:script\/)?((?:lexer|parser|tree|tree_views|error_report|strtod|sugared_value|tracer|schema_matching|builtin_functions|convert_to_ssa|exit_transforms|function_schema_parser|resolver|name_mangler|source_range)\.h)$/,
    to: "torch/csrc/jit/frontend/$1",
    since: "1.5",
  },
  { form: /^torch\/csrc\/WindowsTorchApiMacro\.h$/, to: "torch/csrc/Export.h", since: "1.11" },
  { form: /^torch\/csrc\/utils\/cuda_lazy_init\.h$/, to: "torch/csrc/utils/device_lazy_init.h", since: "2.3" },
  { form: /^ATen\/CUDAGenerator(?:Impl)?\.h$/, to: "ATen/cuda/CUDAGeneratorImpl.h" },
  { form: /^ATen\/cuda\/(CUDA(?:Guard|Stream|Function|Macros|MathCompat)\.h)$/, to: "c10/cuda/$1" },
  {
    form: /^ATen\/(?:Half|ArrayRef)\.h$|^ATen\/core\/(?:Half|ArrayRef|SmallVector|Exception|Registry|StringUtil|BFloat16)\.h$/,
    to: "c10/util/$0",
  },
  {
    form: /^ATen\/(?:Allocator|Stream)\.h$|^ATen\/core\/(?:Device|DeviceGuard|Allocator|Layout|Backend|Storage|TensorOptions|Stream|UndefinedTensorImpl)\.h$/,
    to: "c10/core/$0",
  },
  // pytorch/pytorch#96696, DeepGraphLearning/torchdrug#258.
  { form: /^ATen\/SparseTensorUtils\.h$/, to: "ATen/native/SparseTensorUtils.h", since: "2.1" },
  { form: /^(?:ATen|c10)\/(?:core\/)?Error\.h$/, to: "c10/util/Exception.h" },
  { form: /^ATen\/(?:core\/)?optional\.h$/, to: "optional" },
  { form: /^c10d\/(.+\.hpp)$/, to: "torch/csrc/distributed/c10d/$1", since: "1.11" },
  { form: /^torch\/lib\/c10d\/(.+)$/, to: "torch/csrc/distributed/c10d/$1", since: "1.11" },
];

/** Where a header of torch lies now. */
export function movedHeader(header: string): { readonly to: string; readonly since?: string } | undefined {
  for (const moved of movedHeaders) {
    const match = moved.form.exec(header);
    if (match !== null)
      return {
        to: moved.to.replace("$1", match[1] ?? "").replace("$0", /[^/]+$/.exec(header)?.[0] ?? ""),
        ...(moved.since === undefined ? {} : { since: moved.since }),
      };
  }
  return undefined;
}

/** The first release with a header; undefined for those that are there since long, and for those that are not known. */
export function headerSince(header: string): string | undefined {
  return newHeaders.find(([form]) => form.test(header))?.[1];
}

/** Source: torch's include folder of the releases. */
const newHeaders: readonly (readonly [RegExp, string])[] = [
  [/^torch\/csrc\/stable\/(?:device|generator|macros|version|c\/)/, "2.10"],
  [/^torch\/csrc\/stable\//, "2.9"],
  [/^torch\/headeronly\//, "2.9"],
  [/^c10\/util\/Float4_/, "2.8"],
  [/^c10\/util\/Float8_e8m0/, "2.7"],
  [/^torch\/csrc\/inductor\/aoti_package\//, "2.6"],
  [/^(?:ATen\/Dispatch_v2\.h|torch\/csrc\/utils\/device_lazy_init\.h|c10\/xpu\/)/, "2.3"],
  [/^torch\/csrc\/inductor\/aoti_(?:torch|runtime)\//, "2.2"],
  [/^c10\/util\/Float8_/, "2.1"],
  [/^(?:c10\/util\/CallOnce\.h|c10\/core\/SymInt)/, "1.13"],
  [/^c10\/util\/OptionalArrayRef\.h/, "1.12"],
  [
    /^ATen\/(?:ops\/|ceil_div\.h|OpMathType\.h|core\/TensorBase\.h|cuda\/(?:Atomic|DeviceUtils)\.cuh)|^torch\/csrc\/Export\.h|^torch\/csrc\/distributed\/c10d\//,
    "1.11",
  ],
  [/^ATen\/cuda\/CUDAGeneratorImpl\.h/, "1.8"],
  [/^torch\/library\.h/, "1.6"],
  [/^torch\/csrc\/jit\/(?:runtime|ir|serialization|python|api|frontend)\//, "1.5"],
];

/** Headers that every torch of the last years has: where one is not found, the folder is missing, not the header. */
export function isEverywhere(header: string): boolean {
  return /^torch\.h$|^torch\/(?:extension|torch|script|types|python|all|cuda|nn|optim|serialize|jit|enum|utils|data)\.h$|^torch\/csrc\/(?:autograd\/(?:variable|function|grad_mode|custom_function)|utils\/(?:pybind|tensor_\w+)|python_headers|THP)\.h$|^ATen\/(?:ATen|Tensor|Dispatch|Parallel|TensorUtils|NativeFunctions|Functions|AccumulateType|Context|TensorAccessor|DeviceGuard|Utils|Config|ExpandUtils|core\/Tensor)\.h$|^(?:ATen|c10)\/(?:cuda|hip)\/|^c10\/(?:core\/(?:Device|DeviceGuard|ScalarType|Scalar|TensorOptions|Stream|Allocator)|util\/(?:Exception|ArrayRef|Half|BFloat16|complex|Logging)|macros\/(?:Macros|Export))\.h$/.test(
    header,
  );
}
