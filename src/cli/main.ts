/** The entry of the program: starts it with the real process and the real machine. */
import { nodeHost } from "../host/node-host.ts";
import { nodeProgram } from "./output.ts";
import { start } from "./start.ts";

await start(nodeProgram(), nodeHost());
