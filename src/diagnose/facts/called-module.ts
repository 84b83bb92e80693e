/** The compiled module of a well-known package that a pasted line of Python calls: `out = causal_conv1d_cuda.causal_conv1d_fwd(x)`. */
import { packageOfModule } from "../tables/packages.ts";

const call = /(?:^|[\s=(])([a-z]\w{2,40}(?:_cuda|_ext|_C)|flash_attn_\w{1,20}|amp_C|exllama\w*|raymarching)\.\w+\(/;

/** The package; undefined for modules that nobody knows. */
export function packageCalled(text: string): string | undefined {
  if (text.length > 400 || !text.includes("(")) return undefined;
  const module = call.exec(text)?.[1];
  return module === undefined ? undefined : packageOfModule(module);
}
