/**
 * Which PyTorch brought the functions of its stable ABI: what calls them loads with that and every later one.
 *
 * Source: torch/csrc/stable/c/shim.h and torch/csrc/inductor/aoti_torch of PyTorch 2.14, `#if TORCH_FEATURE_VERSION >= …`. Functions
 * without such a mark are older than 2.10, and those of versions after 2.14 are not listed.
 */
import { compareVersions, parseVersion } from "../base/order.ts";

/** Names by the version; `*` stands for `aoti_torch_cpu_` and the same of the other devices. */
const NAMES: Readonly<Record<string, string>> = {
  "2.10": `
    aoti_torch_aten_full aoti_torch_aten_subtract_Tensor aoti_torch_cuda__scaled_grouped_mm
    aoti_torch_mps_create_shader_library aoti_torch_mps_delete_shader_library aoti_torch_mps_dispatch_array
    aoti_torch_mps_dispatch_array_with_group_size aoti_torch_mps_dispatch_single
    aoti_torch_mps_dispatch_single_with_group_size aoti_torch_mps_get_kernel_function
    aoti_torch_mps_run_command_block aoti_torch_mps_shared_callback aoti_torch_mps_start_encoding
    torch_c10_cuda_check_msg torch_c10_cuda_free_error_msg torch_call_dispatcher torch_cuda_stream_synchronize
    torch_delete_list torch_delete_string torch_get_const_data_ptr torch_get_cuda_stream_from_pool
    torch_get_current_cuda_blas_handle torch_get_mutable_data_ptr torch_get_num_threads torch_get_thread_idx
    torch_library_impl torch_list_get_item torch_list_push_back torch_list_set_item torch_list_size
    torch_new_list_reserve_size torch_new_string_handle torch_parallel_for torch_parse_device_string
    torch_set_current_cuda_stream torch_set_requires_grad torch_string_c_str torch_string_length`,
  "2.11": `
    aoti_torch_cuda__flash_attention_forward_quantized aoti_torch_cuda__scaled_dot_product_flash_attention_quantized
    *mm_dtype_out *nonzero_static torch_dtype_float4_e2m1fn_x2 torch_dtype_float8_e8m0fnu torch_from_blob`,
  "2.12": `
    *_grouped_mm aoti_torch_cuda__flash_attention_forward_no_dropout_inplace
    aoti_torch_cuda__flash_attention_forward_no_dropout_inplace_v2 aoti_torch_cuda__flash_attention_forward_v2
    aoti_torch_dtype_float4_e2m1fn_x2 aoti_torch_dtype_float8_e8m0fnu *rand_like *rand_like_generator *randint_like
    *randint_like_low_dtype *randn_like *randn_like_generator torch_library_def_with_tags torch_tag_core
    torch_tag_cudagraph_unsafe torch_tag_data_dependent_output torch_tag_dynamic_output_shape
    torch_tag_flexible_layout torch_tag_generated torch_tag_inplace_view torch_tag_maybe_aliasing_or_mutating
    torch_tag_needs_contiguous_strides torch_tag_needs_exact_strides torch_tag_needs_fixed_stride_order
    torch_tag_nondeterministic_bitwise torch_tag_nondeterministic_seeded torch_tag_out_variant torch_tag_pointwise
    torch_tag_pt2_compliant_tag torch_tag_reduction torch_tag_view_copy`,
  "2.13": `
    aoti_torch_mps__scaled_dot_product_attention_math_for_mps_v2 *grid_sampler_3d *grid_sampler_3d_backward
    torch_delete_generator torch_delete_stable_ivalue torch_exception_get_what
    torch_exception_get_what_without_backtrace torch_generator_get_device torch_library_set_python_module
    torch_new_generator_handle torch_new_stable_ivalue torch_stream_native_handle`,
  "2.14": `
    torch_has_storage torch_mps_set_arg_bytes torch_tensor_from_pyobject torch_tensor_to_pyobject`,
};

let known: ReadonlyMap<string, string> | undefined;

function table(): ReadonlyMap<string, string> {
  known ??= new Map(
    Object.entries(NAMES).flatMap(([version, names]) =>
      names
        .trim()
        .split(/\s+/)
        .map((name) => [name, version] as const),
    ),
  );
  return known;
}

/** The PyTorch that brought a function of the stable ABI, `2.10`. Undefined for older ones, and for what is no part of it. */
export function stableSince(name: string): string | undefined {
  return table().get(name) ?? table().get(name.replace(/^aoti_torch_(?:cpu|cuda|mps|xpu)_/, "*"));
}

/** The oldest PyTorch that has all of these functions, where one of them is listed. */
export function oldestStable(names: Iterable<string>): string | undefined {
  let oldest: string | undefined;
  for (const name of names) {
    const since = stableSince(name);
    if (since === undefined) continue;
    if (oldest === undefined || compareVersions(parseVersion(since), parseVersion(oldest)) > 0) oldest = since;
  }
  return oldest;
}
