/** How finely file systems count time. Pure. */

const fineStepMs = 20;
const wholeSecondsMs = 2000;

/**
 * How long after a change another one may leave no trace in a file's times: a step of the kernel's clock, or two seconds
 * where a time without a fraction tells of a file system that counts seconds (FAT, NFS 2, HFS+, ext3).
 */
export function clockStep(timeMs: number): number {
  return timeMs % 1000 === 0 ? wholeSecondsMs : fineStepMs;
}
