/** The version of retorch, from package.json; the bundler writes it in. */
export const version: string = "0.1.0";
