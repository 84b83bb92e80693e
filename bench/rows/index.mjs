// The rows of the benchmark, in the order of the page.
import { cleanBuild } from "./clean-build.mjs";
import { cudaRows } from "./cuda.mjs";
import { firstCompiler } from "./first-compiler.mjs";
import { installEditable } from "./install-editable.mjs";
import { loadCold, loadUnchanged } from "./load.mjs";
import { headerEdited, nothingToDo1000, nothingToDo10000 } from "./many-files.mjs";
import { nothingToDo } from "./nothing-to-do.mjs";
import { oneEdited } from "./one-edited.mjs";
import { overhead } from "./overhead.mjs";
import { diagnose10mb, inspect500mb } from "./reading.mjs";
import { torchHeaders } from "./torch-headers.mjs";
import { setupPyCold, setupPyEdited, setupPyUnchanged } from "./setup-py.mjs";

export const rows = [
  nothingToDo,
  nothingToDo1000,
  nothingToDo10000,
  firstCompiler,
  oneEdited,
  headerEdited,
  overhead,
  torchHeaders,
  cleanBuild,
  loadUnchanged,
  loadCold,
  setupPyUnchanged,
  setupPyEdited,
  setupPyCold,
  ...cudaRows,
  installEditable,
  diagnose10mb,
  inspect500mb,
];
