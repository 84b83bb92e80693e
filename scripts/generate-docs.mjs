import { start } from "./lib/start.mjs";

start("generate-docs");
