/**
 * Names of a library that a later release writes otherwise, or does without: an edit of the file mends it for good. Only those
 * that are the same thing under another name; what takes other arguments is for people. Sources:
 * https://github.com/opencv/opencv/wiki/OpenCV-4-migration-guide, https://ffmpeg.org/doxygen/trunk/deprecated.html and FFmpeg's
 * doc/APIchanges (registering is automatic since lavf 58.9.100 and lavc 58.10.100; ch_layout since lavu 57.24.100).
 */
import type { Match } from "../rule.ts";
import { editFile } from "./source-edits.ts";
import type { Edit } from "../edit.ts";

const renames: readonly { readonly names: RegExp; readonly edit: Edit }[] = [
  { names: /^CV_[A-Z]+2[A-Za-z_]+$/, edit: ["\\bCV_([A-Z]+2[A-Za-z_]+)\\b", "cv::COLOR_\\1"] },
  { names: /^CV_LOAD_IMAGE_\w+$/, edit: ["\\bCV_LOAD_IMAGE_([A-Z]+)\\b", "cv::IMREAD_\\1"] },
  { names: /^CV_IMWRITE_\w+$/, edit: ["\\bCV_IMWRITE_([A-Z0-9_]+)\\b", "cv::IMWRITE_\\1"] },
  { names: /^CV_AA$/, edit: ["\\bCV_AA\\b", "cv::LINE_AA"] },
  { names: /^CV_FILLED$/, edit: ["\\bCV_FILLED\\b", "cv::FILLED"] },
  {
    names: /^CV_(?:CAP_PROP|FONT_HERSHEY|THRESH|INTER|RETR|CHAIN_APPROX|WINDOW)_\w+$/,
    edit: ["\\bCV_((CAP_PROP|FONT_HERSHEY|THRESH|INTER|RETR|CHAIN_APPROX|WINDOW)_[A-Z0-9_]+)\\b", "cv::\\1"],
  },
  { names: /^(?:av|avcodec|avfilter)_register_all$/, edit: ["\\b(av|avcodec|avfilter)_register_all\\(\\) *;", ""] },
  {
    names: /^AV(?:CodecContext|CodecParameters|Frame)::channels$/,
    edit: ["(->|\\.)channels\\b", "\\1ch_layout.nb_channels"],
  },
];

/** The edit of the file that a message is about; nothing where no such name is in it. */
export function renamedInLibrary(match: Match): string[] {
  const asked = match.facts["asked"] ?? "";
  return editFile(
    match,
    renames.filter(({ names }) => names.test(asked)).map(({ edit }) => edit),
  );
}
