import { start } from "./lib/start.mjs";

start("gpu-check");
