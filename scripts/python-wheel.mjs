import { start } from "./lib/start.mjs";

start("python-wheel");
