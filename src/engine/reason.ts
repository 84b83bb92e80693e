/** Why an action has to be done again: a closed list of reasons with the old and the new value, and their words. */

/** One reason. Values are logical: paths with named roots. */
export type Reason =
  | { readonly kind: "never-built" }
  | { readonly kind: "forced" }
  | { readonly kind: "command-changed"; readonly removed: readonly string[]; readonly added: readonly string[] }
  | { readonly kind: "variable-changed"; readonly name: string; readonly old?: string; readonly new?: string }
  | {
      readonly kind: "tool-changed";
      readonly name: string;
      readonly part?: string;
      readonly old: string;
      readonly new: string;
    }
  | { readonly kind: "package-changed"; readonly name: string; readonly old: string; readonly new: string }
  | { readonly kind: "input-changed"; readonly path: string }
  | { readonly kind: "input-rebuilt"; readonly path: string }
  | { readonly kind: "input-missing"; readonly path: string }
  | { readonly kind: "input-added"; readonly path: string }
  | { readonly kind: "input-removed"; readonly path: string }
  | { readonly kind: "shadowed"; readonly path: string; readonly hides: string }
  | { readonly kind: "changed-while-building"; readonly path: string }
  | { readonly kind: "output-missing"; readonly path: string }
  | { readonly kind: "output-changed"; readonly path: string };

/** The reason in words, one line. */
export function reasonText(reason: Reason): string {
  switch (reason.kind) {
    case "never-built":
      return "never built here";
    case "forced":
      return "asked for with --force";
    case "command-changed": {
      const parts = [];
      if (reason.removed.length > 0) parts.push(`without ${reason.removed.join(" ")}`);
      if (reason.added.length > 0) parts.push(`with ${reason.added.join(" ")}`);
      return `command changed: now ${parts.length > 0 ? parts.join(", ") : "in another order"}`;
    }
    case "variable-changed":
      return `${reason.name} ${quote(reason.old)} → ${quote(reason.new)}`;
    case "tool-changed":
      return `${reason.part === undefined ? reason.name : `${reason.name} (${reason.part})`} ${reason.old} → ${reason.new}`;
    case "package-changed":
      return `${reason.name} ${reason.old} → ${reason.new}`;
    case "input-changed":
      return `${reason.path} changed`;
    case "input-rebuilt":
      return `${reason.path} is built anew`;
    case "input-missing":
      return `${reason.path} is gone`;
    case "input-added":
      return `${reason.path} is new`;
    case "input-removed":
      return `${reason.path} is no longer used`;
    case "shadowed":
      return `new file ${reason.path} shadows ${reason.hides}`;
    case "changed-while-building":
      return `${reason.path} was edited while the last build ran`;
    case "output-missing":
      return `output ${reason.path} is missing`;
    case "output-changed":
      return `output ${reason.path} is not what was built`;
  }
}

function quote(value: string | undefined): string {
  return value === undefined ? "(unset)" : JSON.stringify(value);
}
