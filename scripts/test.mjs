import { start } from "./lib/start.mjs";

start("test");
