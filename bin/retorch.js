#!/usr/bin/env node
"use strict";
try {
  require("../dist/cli.cjs");
} catch (error) {
  if (error.code !== "MODULE_NOT_FOUND" || !error.message.includes("cli.cjs")) throw error;
  process.stderr.write("error: this copy of retorch is not built\n\nhint: run `npm run build` in its folder\n");
  process.exitCode = 2;
}
