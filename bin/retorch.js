#!/usr/bin/env node
try {
  await import("../dist/cli.js");
} catch (error) {
  if (error.code !== "ERR_MODULE_NOT_FOUND" || !error.message.includes("cli.js")) throw error;
  process.stderr.write("error: this copy of retorch is not built\n\nhint: run `npm run build` in its folder\n");
  process.exitCode = 2;
}
