/**
 * Answers that another one explains: the error that a program prints when it ends is the echo of the check that failed before,
 * and of two readings of one message the nearer one says all. It knows pairs of rules by their names, not why a text has both.
 */

/** What a sure answer explains, by the ids of the rules. */
const explains: Readonly<Record<string, readonly string[]>> = {
  "kernel-assertion-failed": ["kernel-memory-error"],
  "torch-lacks-gpu-architecture": ["no-kernel-image"],
  "torch-has-no-wheel-here": ["no-wheel-for-this-python"],
  "conda-file-of-other-system": ["conda-no-solution"],
  "disk-full": ["nvcc-file-access"],
  "out-of-memory": ["nvcc-file-access"],
  "nvrtc-builtins-missing": ["cuda-library-missing"],
  "scripted-model-operator-unknown": ["crash-in-native-code"],
  "torch-library-not-found-at-link": ["inductor-cpp-failed"],
  "inductor-code-wrong": ["inductor-cpp-failed"],
  "inductor-library-missing": ["inductor-cpp-failed", "torch-library-not-found-at-link"],
  "crash-without-torch-imported": ["memory-fault-found", "crash-in-native-code"],
  "unversioned-nvrtc-missing": ["cudnn-not-loadable"],
  "stale-build-lock": ["build-interrupted"],
  "cmake-build-program-missing": ["host-compiler-missing"],
  "torch-older-than-code": ["template-keyword-missing"],
};

/** Of answers in their order, those that no sure one before them explains. */
export function withoutEchoes<Answer>(
  answers: readonly Answer[],
  idOf: (answer: Answer) => string,
  isSure: (answer: Answer) => boolean,
): readonly Answer[] {
  const explained = new Set<string>();
  return answers.filter((answer) => {
    if (explained.has(idOf(answer))) return false;
    if (isSure(answer)) for (const id of explains[idOf(answer)] ?? []) explained.add(id);
    return true;
  });
}
