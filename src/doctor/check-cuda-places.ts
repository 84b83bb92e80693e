/** CUDA on the search paths: several versions, or another one than PyTorch's. */
import { shellWord } from "../base/shell-word.ts";
import { unique } from "../base/order.ts";
import { fit } from "../environment/cuda-versions.ts";
import { type Check, type DoctorFacts, later } from "./facts.ts";

/** The list with the folders of one CUDA: PyTorch's, else that of the toolkit. */
function withoutOthers(
  variable: "LD_LIBRARY_PATH" | "PATH",
  variables: DoctorFacts["variables"],
  places: DoctorFacts["cudaPlaces"],
  wanted: string | undefined,
): readonly string[] {
  const good =
    wanted === undefined ? [] : places.filter(({ version }) => version.split(".")[0] === wanted.split(".")[0]);
  // More than CUDA's programs may lie in a folder of `PATH`; and where none is right, a person has to choose.
  if (variable === "PATH" || good.length === 0) return [`# leave one of them in ${variable}`];
  const bad = new Set(places.filter((place) => !good.includes(place)).map(({ folder }) => folder));
  const left = (variables[variable] ?? "")
    .split(":")
    .filter((part) => part !== "" && !bad.has(part.replace(/\/+$/, "")) && !bad.has(part));
  return [`export ${variable}=${shellWord(left.join(":"))}`];
}

export function checkCudaPlaces({ cudaPlaces, cudaHome, environment, variables }: DoctorFacts): Check[] {
  const wanted = environment.torch?.cudaVersion;
  const checks: Check[] = [];
  for (const variable of ["LD_LIBRARY_PATH", "PATH"] as const) {
    const places = cudaPlaces.filter((place) => place.variable === variable);
    const versions = unique(places.map(({ version }) => version));
    const majors = unique(versions.map((version) => version.split(".")[0]));
    const list = places.map(({ folder, version }) => `${folder} (${version})`).join(", ");
    const what = variable === "PATH" ? "`nvcc`" : "the CUDA run time";
    if (versions.length > 1 && (majors.length > 1 || variable === "PATH")) {
      checks.push(
        later(
          `cuda-in-${variable.toLowerCase().replaceAll("_", "-")}`,
          `\`${variable}\` has ${what} of ${versions.length} CUDA versions: ${versions.join(", ")}`,
          {
            detail: `The first one counts, whatever else was meant: ${list}.`,
            fix: withoutOthers(
              variable,
              variables,
              places,
              environment.torch?.cudaVersion ?? environment.cuda?.version,
            ),
          },
        ),
      );
    } else if (
      variable === "PATH" &&
      wanted !== undefined &&
      cudaHome === undefined &&
      environment.cuda !== undefined &&
      fit(environment.cuda.version, wanted) !== 0 &&
      places.some(({ version }) => fit(version, wanted) === 0)
    ) {
      checks.push(
        later(
          "cuda-in-path",
          `\`PATH\` has the \`nvcc\` of CUDA ${versions.join(", ")}, PyTorch is built with ${wanted}`,
          {
            detail: `PyTorch's own builder takes it where no CUDA_HOME is set, and stops; retorch takes another toolkit: ${list}.`,
            fix: [`export CUDA_HOME=${shellWord(environment.cuda.root)}`],
          },
        ),
      );
    } else if (
      variable === "LD_LIBRARY_PATH" &&
      wanted !== undefined &&
      places.some(({ version }) => fit(version, wanted) === 0)
    ) {
      checks.push(
        later(
          "cuda-in-ld-library-path",
          `\`LD_LIBRARY_PATH\` has the libraries of CUDA ${versions.join(", ")}, PyTorch is built with ${wanted}`,
          {
            detail: `Libraries found there are loaded instead of those that PyTorch brings: ${list}.`,
            fix: ["unset LD_LIBRARY_PATH   # PyTorch finds its own libraries without it"],
          },
        ),
      );
    }
  }
  return checks;
}
