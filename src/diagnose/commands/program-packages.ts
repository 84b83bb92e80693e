/** Packages of the distributions that bring a program, where they do not bear its name. */
import { developmentPackages, type PackageNames } from "../tables/development-packages.ts";
import { systemPackage } from "./commands.ts";
import type { Match } from "../rule.ts";

const packages: Readonly<Record<string, PackageNames>> = {
  which: { apt: "debianutils", dnf: "which" },
  "sdl2-config": developmentPackages.sdl2,
  pg_config: developmentPackages.postgresql,
  mysql_config: developmentPackages.mysql,
  "llvm-config": { apt: "llvm-dev", dnf: "llvm-devel", brew: "llvm", conda: "llvmdev" },
  "gdal-config": developmentPackages.gdal,
  "geos-config": developmentPackages.geos,
  "xml2-config": developmentPackages.xml,
  "xslt-config": developmentPackages.xslt,
  "curl-config": developmentPackages.curl,
  "freetype-config": developmentPackages.freetype,
  "krb5-config": developmentPackages.kerberos,
  "nc-config": developmentPackages.netcdf,
  "python3-config": { apt: "python3-dev", dnf: "python3-devel" },
  protoc: { apt: "protobuf-compiler", dnf: "protobuf-compiler", brew: "protobuf", conda: "libprotobuf" },
  mpicc: developmentPackages.mpi,
  mpicxx: developmentPackages.mpi,
  mpirun: { apt: "openmpi-bin", dnf: "openmpi", brew: "open-mpi", conda: "openmpi" },
  mpiexec: { apt: "openmpi-bin", dnf: "openmpi", brew: "open-mpi", conda: "openmpi" },
  gfortran: { apt: "gfortran", dnf: "gcc-gfortran", brew: "gcc", conda: "gfortran" },
  autoreconf: { apt: "autoconf automake libtool", dnf: "autoconf automake libtool", brew: "autoconf automake libtool" },
  aclocal: { apt: "automake", dnf: "automake", brew: "automake", conda: "automake" },
  libtoolize: { apt: "libtool", dnf: "libtool", brew: "libtool", conda: "libtool" },
  "7z": { apt: "p7zip-full", dnf: "p7zip-plugins", brew: "p7zip", conda: "p7zip" },
  convert: { apt: "imagemagick", dnf: "ImageMagick", brew: "imagemagick", conda: "imagemagick" },
  lsb_release: { apt: "lsb-release", dnf: "redhat-lsb-core" },
  lspci: { apt: "pciutils", dnf: "pciutils" },
  ip: { apt: "iproute2", dnf: "iproute" },
  ifconfig: { apt: "net-tools", dnf: "net-tools" },
  ps: { apt: "procps", dnf: "procps-ng" },
  javac: { apt: "default-jdk", dnf: "java-latest-openjdk-devel", brew: "openjdk", conda: "openjdk" },
  java: { apt: "default-jre", dnf: "java-latest-openjdk", brew: "openjdk", conda: "openjdk" },
  node: { apt: "nodejs", dnf: "nodejs", brew: "node", conda: "nodejs" },
  readelf: { apt: "binutils", dnf: "binutils", conda: "binutils" },
  objdump: { apt: "binutils", dnf: "binutils", conda: "binutils" },
  strings: { apt: "binutils", dnf: "binutils", conda: "binutils" },
  "pkg-config": { apt: "pkg-config", dnf: "pkgconf-pkg-config", brew: "pkg-config", conda: "pkg-config" },
};

/** Programs whose package has their name everywhere. */
const sameName =
  /^(?:git|make|curl|wget|unzip|zip|bash|swig|ccache|nasm|yasm|bison|flex|m4|doxygen|ffmpeg|sox|file|patch|perl|rsync|gdb|strace|htop|tmux|screen|tar|bzip2|xz|sudo|vim|nano|jq|parallel|numactl|graphviz|patchelf|gawk|automake|autoconf|libtool|clang|lld|mold|ruby|cargo|npm|golang|meson|aria2|socat|expect|locales|gettext|texinfo|help2man|time)$/;

/** Installs what brings a program; of one that nobody knows it says how to ask. */
export function programPackage(match: Match, name: string): string[] {
  if (/^(?:conda|mamba|micromamba)$/.test(name))
    return [
      `ls -d ~/*conda* ~/miniforge* /opt/*conda* /opt/miniforge* 2>/dev/null   # is one there? then, with its folder in place of ~/miniconda3:`,
      "source ~/miniconda3/etc/profile.d/conda.sh && conda init   # and a new shell; scripts and RUN lines of a Dockerfile need the first part each",
      "# none: https://conda-forge.org/download/ (Miniforge)",
    ];
  if (Object.hasOwn(packages, name)) return systemPackage(match, packages[name] ?? { apt: name });
  return sameName.test(name)
    ? systemPackage(match, { apt: name, dnf: name, brew: name, conda: name })
    : [
        `command -v ${name}; find / -name ${name} -type f -perm -u+x 2>/dev/null | head   # is it there? then its folder belongs into PATH`,
        `# which package brings it: apt-file search --regexp 'bin/${name}$' (apt-get install apt-file && apt-file update); Fedora, RHEL: dnf provides '*bin/${name}'`,
      ];
}
