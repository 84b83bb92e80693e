/**
 * A package's name as names are compared: `Flash_Attn` is `flash-attn`. Source: Python Packaging User Guide, "Names and
 * normalization".
 */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, "-");
}
