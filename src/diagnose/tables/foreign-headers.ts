/** Headers of torch, pybind11, CUDA, the C++ library and the system: where templates fail that a project uses wrongly. */
export const foreignHeader =
  /[\\/](?:aten[\\/]src|torch[\\/]csrc|torch[\\/]include|include[\\/](?:torch|ATen|c10|pybind11|c\+\+)|pybind11|MSVC|Windows Kits|cutlass|cub|thrust|eigen3?)[\\/]|[\\/]amd_detail[\\/]|^\/opt\/rocm[^/]*\/|^\/usr\/(?:local\/cuda[^/]*\/|lib\/|include\/)/i;
