/**
 * Libraries beside torch that are asked for with the old std::string: find_package(Torch) compiles the whole target as torch was built, and ROS,
 * OpenCV and the rest of the system have the new one. It does not know which LibTorch lies there.
 */
import { is } from "./symbol-owners.ts";
import type { Match, Rule } from "../rule.ts";

/** `std::string`, and not `std::__cxx11::basic_string`, as a linker prints names that have the old one. */
const oldString = /\bstd::string\b|\bstd::basic_string<char, std::char_traits<char>, std::allocator<char> ?>/;

function readable(match: Match): string {
  return (match.finding.symbol ?? "").split("(")[0] ?? "";
}

/** The LibTorch with the new strings: of the release in the text, else the last whose name says so. */
function newStrings({ context: { log } }: Match): string {
  const release = log.libtorchRelease ?? "2.6.0";
  return `https://download.pytorch.org/libtorch/cpu/libtorch-cxx11-abi-shared-with-deps-${release}%2Bcpu.zip`;
}

export const oldStringCallRules: readonly Rule[] = [
  {
    id: "library-asked-with-old-strings",
    title: "Another library is asked for with the old std::string that this LibTorch brings",
    on: ["undefined-symbol"],
    specificity: 79,
    matches: (finding, context) => {
      if (finding.phase !== "link") return undefined;
      const name = finding.symbol ?? "";
      if (!oldString.test(name) || /__cxx11|\[abi:cxx11\]/.test(name)) return undefined;
      if (is(finding, ({ owner }) => owner === "user" || owner === "library") === undefined) return undefined;
      // Only where torch is linked is there somebody who asks for the old ones.
      const torch =
        context.log.namesLibtorch ||
        context.log.libtorchFolder !== undefined ||
        context.findings.some(({ text }) => /TorchConfig|libtorch|Caffe2/.test(text));
      return torch ? {} : undefined;
    },
    confidence: "high",
    cause: (match) =>
      `\`${readable(match)}\` is there, but with the new std::string: find_package(Torch) adds -D_GLIBCXX_USE_CXX11_ABI=0, because this LibTorch was built with the old one, and so the target asks every other library (ROS, OpenCV, the system's) for the old one, too. Those have the new one alone, as the compiler makes it by default.`,
    fix: (match) => [
      `wget -O /tmp/libtorch.zip "${newStrings(match)}" && unzip -q /tmp/libtorch.zip -d "$HOME/libtorch-cxx11"   # the LibTorch with the new strings; with CUDA: cu118, cu121 in place of both cpu`,
      ...workspace(match),
      "# pip's torch has the new strings since 2.7, and serves as well: -DTorch_DIR=\"$(python3 -c 'import torch; print(torch.utils.cmake_prefix_path)')/Torch\"",
    ],
    sources: ["pytorch/pytorch#60178", "pytorch/pytorch#22197", "pytorch/pytorch#49450"],
    examples: [
      {
        text: "-- Found Torch: /home/ros/libtorch/lib/libtorch.so\n/usr/bin/ld: CMakeFiles/seg.dir/seg.cpp.o: in function `main':\nseg.cpp:(.text+0x2a): undefined reference to `ros::init(int&, char**, std::string const&, unsigned int)'\ncollect2: error: ld returned 1 exit status",
        expect: "libtorch-cxx11-abi-shared-with-deps",
      },
      {
        text: "$ colcon build --packages-select nodes --cmake-args -DCMAKE_PREFIX_PATH=/home/ros/libtorch\n/usr/bin/ld: n.cpp:(.text+0x2): undefined reference to `rclcpp::Node::Node(std::string const&, rclcpp::NodeOptions const&)'\n---\nFailed   <<< nodes [31.4s, exited with code 2]",
        expect: "colcon build --packages-select nodes --cmake-clean-cache --cmake-args",
      },
    ],
  },
];

/** The workspace's command with the other LibTorch. */
function workspace({ context: { log } }: Match): string[] {
  const typed = log.typed.findLast(({ line }) => /^(?:colcon build|catkin build|catkin_make)\b/.test(line))?.line;
  const torch = '-DTorch_DIR="$HOME/libtorch-cxx11/libtorch/share/cmake/Torch"';
  if (typed === undefined) return [`# then CMake from an empty folder with ${torch}`];
  const plain = typed
    .replaceAll(/ -D ?CMAKE_PREFIX_PATH(?::\w+)?=\S*libtorch\S*/g, "")
    .replaceAll(/ -D ?Torch_DIR(?::\w+)?=\S+/g, "");
  const fresh = plain.startsWith("colcon build")
    ? / --cmake-args\b/.test(plain)
      ? plain.replace(/ --cmake-args\b/, " --cmake-clean-cache --cmake-args")
      : `${plain} --cmake-clean-cache`
    : plain;
  if (plain.startsWith("catkin_make")) return ["rm -rf build devel", `${fresh} ${torch}`];
  const given = / --cmake-args\b/.test(fresh)
    ? fresh.replace(/ --cmake-args\b/, ` --cmake-args ${torch}`)
    : `${fresh} --cmake-args ${torch}`;
  return plain.startsWith("catkin build") ? ["catkin clean -y", given] : [given];
}
