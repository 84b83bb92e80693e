/** Headers of libraries that projects include, and the packages of the systems that bring them. It does not know which release is wanted. */

/** Headers of other libraries, with the packages that bring them. First match wins. */
export const libraryPackages: readonly {
  readonly form: RegExp;
  readonly what: string;
  readonly apt?: string;
  readonly dnf?: string;
  readonly brew?: string;
  readonly conda?: string;
  readonly fix?: readonly string[];
}[] = [
  {
    form: /^glm\//,
    what: "GLM",
    apt: "libglm-dev",
    dnf: "glm-devel",
    brew: "glm",
    conda: "glm",
    fix: ["git submodule update --init --recursive   # many projects bring it in third_party/glm"],
  },
  {
    form: /^Eigen\/|^eigen3\/|^unsupported\/Eigen/,
    what: "Eigen",
    apt: "libeigen3-dev",
    dnf: "eigen3-devel",
    brew: "eigen",
    conda: "eigen",
    fix: [
      "git submodule update --init --recursive   # many projects carry it (thirdparty/eigen), where setup.py looks for it: an empty folder there is the cause",
      "export CPLUS_INCLUDE_PATH=/usr/include/eigen3:$CPLUS_INCLUDE_PATH   # the system's Eigen lies one folder deeper",
    ],
  },
  {
    form: /^opencv2\/|^opencv4?\//,
    what: "OpenCV",
    apt: "libopencv-dev",
    dnf: "opencv-devel",
    brew: "opencv",
    conda: "opencv",
  },
  { form: /^boost\//, what: "Boost", apt: "libboost-all-dev", dnf: "boost-devel", brew: "boost", conda: "boost-cpp" },
  {
    form: /^(?:sparsehash|google\/(?:dense|sparse)_hash)/,
    what: "sparsehash",
    apt: "libsparsehash-dev",
    dnf: "sparsehash-devel",
    brew: "google-sparsehash",
    conda: "sparsehash",
  },
  {
    form: /^(?:png|libpng\S*\/png)\.h$/,
    what: "libpng",
    apt: "libpng-dev",
    dnf: "libpng-devel",
    brew: "libpng",
    conda: "libpng",
  },
  {
    form: /^(?:jpeglib|turbojpeg)\.h$/,
    what: "libjpeg",
    apt: "libjpeg-dev",
    dnf: "libjpeg-turbo-devel",
    brew: "jpeg-turbo",
    conda: "libjpeg-turbo",
  },
  { form: /^zlib\.h$/, what: "zlib", apt: "zlib1g-dev", dnf: "zlib-devel", conda: "zlib" },
  {
    form: /^(?:GL|GLES\d?|EGL|KHR)\//,
    what: "OpenGL",
    apt: "libgl1-mesa-dev libegl1-mesa-dev",
    dnf: "mesa-libGL-devel mesa-libEGL-devel",
  },
  { form: /^X11\//, what: "X11", apt: "libx11-dev", dnf: "libX11-devel" },
  { form: /^mpi\.h$/, what: "MPI", apt: "libopenmpi-dev", dnf: "openmpi-devel", brew: "open-mpi", conda: "openmpi" },
  { form: /^omp\.h$/, what: "OpenMP", apt: "libomp-dev", dnf: "libomp-devel", brew: "libomp", conda: "llvm-openmp" },
  { form: /^numa\.h$/, what: "libnuma", apt: "libnuma-dev", dnf: "numactl-devel" },
  {
    form: /^infiniband\/|^rdma\//,
    what: "the RDMA libraries",
    apt: "libibverbs-dev librdmacm-dev",
    dnf: "rdma-core-devel",
  },
  { form: /^libaio\.h$/, what: "libaio", apt: "libaio-dev", dnf: "libaio-devel" },
  {
    form: /^(?:cblas|lapacke|openblas_config|cblas_f77)\.h$/,
    what: "BLAS",
    apt: "libopenblas-dev liblapacke-dev",
    dnf: "openblas-devel lapack-devel",
    brew: "openblas",
    conda: "openblas",
  },
  { form: /^mkl(?:_\w+)?\.h$/, what: "MKL", fix: ["pip install mkl-include mkl-devel"] },
  { form: /^gflags\//, what: "gflags", apt: "libgflags-dev", dnf: "gflags-devel" },
  { form: /^glog\//, what: "glog", apt: "libgoogle-glog-dev", dnf: "glog-devel" },
  { form: /^google\/protobuf\//, what: "protobuf", apt: "libprotobuf-dev protobuf-compiler", dnf: "protobuf-devel" },
  { form: /^openssl\//, what: "OpenSSL", apt: "libssl-dev", dnf: "openssl-devel", brew: "openssl" },
  { form: /^ffi\.h$/, what: "libffi", apt: "libffi-dev", dnf: "libffi-devel" },
  {
    form: /^(?:libav\w+|libsw\w+)\//,
    what: "FFmpeg",
    apt: "libavcodec-dev libavformat-dev libswscale-dev libavutil-dev",
    dnf: "ffmpeg-free-devel",
    brew: "ffmpeg",
  },
  {
    form: /^(?:Nv(?:Infer|Onnx)\w*|NvCaffe\w+)\.h$/,
    what: "TensorRT",
    fix: ["# TensorRT's own download or: sudo apt-get install libnvinfer-dev"],
  },
  { form: /^(?:tbb|oneapi\/tbb)\//, what: "TBB", apt: "libtbb-dev", dnf: "tbb-devel", brew: "tbb", conda: "tbb-devel" },
  {
    form: /^(?:fmt|spdlog)\//,
    what: "fmt or spdlog",
    apt: "libfmt-dev libspdlog-dev",
    dnf: "fmt-devel spdlog-devel",
    fix: ["git submodule update --init --recursive"],
  },
  { form: /^(?:sndfile|sox)\.h$/, what: "libsndfile or sox", apt: "libsndfile1-dev libsox-dev" },
  {
    form: /^crypt\.h$/,
    what: "libcrypt (Python 3.10 and older include it in Python.h)",
    apt: "libcrypt-dev",
    dnf: "libxcrypt-devel",
    conda: "libxcrypt   # and: export CPATH=$CONDA_PREFIX/include",
  },
  {
    form: /^(?:bits\/libc-header-start|gnu\/stubs-32|sys\/cdefs|features|stdlib|stdio|math|limits|assert|stdint|string|linux\/\w+|asm\/\w+|bits\/c\+\+config)\.h$/,
    what: "the C library",
    apt: "build-essential gcc-multilib linux-libc-dev",
    dnf: "glibc-devel kernel-headers",
  },
];
