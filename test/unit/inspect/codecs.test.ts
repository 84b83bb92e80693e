import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { decodeLz4 } from "../../../src/inspect/lz4.ts";
import { decodeZipLzma } from "../../../src/inspect/lzma.ts";
import { decodeZstd } from "../../../src/inspect/zstd.ts";

/** What was compressed. */
const text = Buffer.from(Array.from({ length: 400 }, (_, i) => `line ${(i * i) % 97} of ${i % 13}\n`).join(""));
const noise = Uint8Array.from({ length: 64 }, (_, i) => ((i * 7919) >> 3) & 255);

/** Made with the programs `zstd` and `lz4`. */
const packed = {
  fast: Buffer.from(
    [
      "KLUv/QRIHRcAxqxcEsAlHc0Alv9bpZRJppT4i8NhAW0ATwBOAGPJ/2nSvYgWoqHQIK6u7FeFG6aV4ldyNohizMxhgyhGDaIYowEY",
      "BAQCDaIY/gAMAgJhBlGM+iCK8Q7AICAQZBDFEA7AICAQPIhivIMoRg3AICAQOIhieAAGAYGwQRRjAzAICIRhEMUYBmAQEAQ/mX1L",
      "qEam05GpEWrRWPJp0r2IFqKh0CAul/2qcMO0xXXMjvzyK/xqnvC1PzKHw5VS7TCrvOyqXYOQfEhkIYt26Xb6yexbQjUynY7MCLUo",
      "lZe9ql2DkHxIFrJol26n3yztLaGaTkemhlo0kv/TJn0R6aFcXLVfFW6Ytrhyxh355Vf41YSv/ZE5HJZS7TCrvOyqXYOQfEhkIYt2",
      "6XYKQg2iGGZHfvkVfjXha39kjjkrXx2Gq7zs1YYhsrBol26nn0wqoRoZqVmLRvJ/2qQvIj2UD+Jy2a8KN0xbXDlmR375FX414Wt/",
      "ZI45a4fhAoGPqKE4fNq/DvGGImIiNxEgBAiDIAKkrr0DcL8Z1I7UgQyAFPn3jopfrhAkUBzpDBAJQ0+DV1XFDwRkZyFB/a9HudO+",
      "rwAmcf91VBiht6dV++/EEJjQWttX+67BT7gG3nVNKpFmNonmg3/1vp/V8T+dH9Bx4gj9YYS+qiktw/MEtZA6bwA0+fccFV+u0CTw",
      "+DHNAFJQT/NoK8po7bfeYJarAYygfxiscc94ssTSkU5S+btLgJe7PAd/W9H91Kbp65HrMONwrBPj6E+9bn5Uu41L/+VBWVMmZACk",
      "zr+nUPGnK8QEMgztAaaccO2AKgN3wxCUXT4vrkhI7NqR1uz9W/vGX/BmnzyXpPyjh58H1gpw+6MZUkIVLJWruGxQBinzBjDFq0NX",
      "6BIoeExngKWoa73q/mQiw93V8srSQUAXy7Rmx7q+heKAmdfV+SCAVbuCV0/GXNixtBhW19XyxnDBCVjA7taPW1oVAhTUn6CsAgce",
      "FCU=",
    ].join(""),
    "base64",
  ),
  best: Buffer.from(
    [
      "KLUv/QCIDRQAFjNhE8Cl0AHNAJb/F0gpk0xJ9kOYwwJeAFkAWgD+SHWMY4KNS7VhuMpe9qp2BSH5BJFlESsaLyVPPzn6ltBqJrNO",
      "R6ZGqHVilPzvxEn5ooWFaEJOQVyrx5r9qgTDtFJxNmKC43ER2CKRP+W/IuGzFSY3CAsoWBgAgcBAlHjLPqmO8WIWY+NSbZix8rJX",
      "9VwLMpJPEFkiingpedo/8qJvCdXIdDoyNRNaaydGyf9plPJFi1lGtAk5BXHVLHtVCS7M2knF2RgvSvLLeyexs8ZA1ynxrrydxFlj",
      "oOuU2LvyfFId45hg41LtwnCVl72qXUFIPkE0yyJWxEvJ00+OvjWh1Uym05GpEWqdGCXv32mklC9aWIgm5DSZy2O9KsEwrVScjfEc",
      "JfnlV+KscWGc6wGDGpXkl1+JszYujK5T4i37pDo2XsyCjUu1YcbKy16tDkXyCSJLRBEvJXfaP3L0LaEamU5HZjUTWuvEKPk/jVK+",
      "KGYZ0YScJq6Z9aosuDBrpeJsjBcl+SvvAYGUqCEwsvcN4WIQKZzhETAEDCEhwIf9GAMbRZZJ1KSa6rQVZ8X6WvxIu0rlPRAAFuvp",
      "T7ULoAKeWyUEdMJeFPqsqi5h262mPYRGVmtFPUp9vZwzRJBqUEVYMVYSYU9H1GQ/ZALWYkgBkLX6QnmhX3xyRIoLH9tJ0wwaWa0V",
      "9Sz1MTQhItVUUCuGtWWPN3GHXvaJ9LxoTEDcurXkicaSqhIGXmm5Kg7tZpFVfyb19jqLPEGqQRVhxVjxkf0dIbG3uRQsUCEGIHpG",
      "nAKMaE9kIfiK0FyJTmtZhZUms8eBhClICWg44CAoBBaAhyABQBBCsBCAUICwgfcAXwU=",
    ].join(""),
    "base64",
  ),
  repeated: Buffer.from(["KLUv/QRYVAAAEGFhAQD7/znAAgNqCGGDVryY"].join(""), "base64"),
  raw: Buffer.from(["KLUv/QBIRQEA6ADdu5l3VTMR78yqiGZEIgDezbyrmolmRCIA3ryaBQQEQMABBkSZSw=="].join(""), "base64"),
  sized: Buffer.from(
    [
      "KLUv/WRpE9UVAIYiQhGwV3J9BDFJIDt3bkrShTgyCEAAOgA6AJf9jW0uByXffkdz4iMhQgmROOcaX9tXUJ6v8cviITrUtB7GFISM",
      "mcVNJhpHfy1TM2K1OKsEEAIGDgJCgIABQUFzOSj59juaMxJCoYSMxDnX+PoKyvM1flk8BDuthzEFIWeidNTrqRmzRrViZmu9k25i",
      "DBlEDE87bCdErYbthJD92zwo+X5pzgQlZCTOa3wtz7fKwiFYeRhTEHImSju9npoxW7FprXfSTYwhJ4an1bCdcNm/BQATMHAQ0Om1",
      "Z8XG7CZiDDkxWnVCyP5tHpTsl+ZMUOS8xtfyvLJwCFYeRhByJko7vTZjtmJjdtKJGENOjIFeqIFEfu9hRiIiJXY3ETAIgxAhLZbk",
      "02kD+H3DU4k9Zfahu/xvT/0DMQBm8q+JCs+5YtxUSZSAGPmFbUClr6c549aZAIDMpUwEoRRbRKqcBepWFdufVjb6P0QUn7QGHVV1",
      "T34CQDy9Gft3ib9/6MxHEbiR+r/wR4O9XxYqEommmyO/4w2P+kOWGhHw+wdPsdR3us9/K/rHEwAT/nVQ4Y4rzgFVUoWAcPm1hPw0",
      "J93qGgA8dClXVYRUdAW0VtVfPc2q5YqVKFJo0W2qvLvPT5qH+2eEtv6pnWcUkCKHv3r3/q5CZaZruurp/FB/yEmVSvh9RsU6jeV/",
      "Hf0zJgDm8K8NKnx3xTlUCV4HOC9YrYjbOmYAAEIsMKBypkDuqmIfCGCXm5aIVEVPJY9bvX8YA5xSzS6tUEHK3z4Oj96+fzml3lPm",
      "4plARDlPGR0AYlYzd+VBZdMHkBnRyutWyq6z0atcEwWuTYGTjotci3BROgMBHp/cA4pehEaFshhjuHwvbVi7QiCqrYSV0IrZCgix",
      "JpCCqi0LnIuaVRAcBAnAOqDZBWA3ACBBgEBAoAaIW3cVBx4UJQ==",
    ].join(""),
    "base64",
  ),
  /** A member of a zip archive, made with Python's zipfile. */
  lzma: Buffer.from(
    [
      "CQQFAF0AAIAAADYaSh8IoCYDTQcngUbiKEKNinS71HOT/yT7l7SMyZeZ8148f8+oT6AdnGwFvi+ZfflRR+a7xi5K3d6Yq6n3rJZuzWOlRguQVeyhQUBy",
      "Cz7c/+oep+YVO+fGjzh2ZoX7u2hYyBd9IrGPzVTDFYB2KjNku9s0WIjmH+OBimv5QqGHwE4F3ErP0amuaN5CSvP3Ttsg6h+ytHvJfjqvZqJFA62Wasyy",
      "w8XewB+VAxYdOoDWnA2CyGCmT+9RtHwWjPHpxle6obI/j9Xpd+1zGxOtAs4isGWa1VQ+OPS5Q2skZsRsOzGqjWE9agCmEP3o7RyvMO76/I+ckad/tsBq",
      "cU6awm6qWBnVjo3jkCRqBtkSXdhh0k7ETqFS58ki+Nm2nZ5cT3/GbUKTINc71uv127qXk7UxhLwRIEWNkmVB1h9sBNcsxtzTWQbY2Bzads60aOULULCm",
      "/Dj188SI5B+o/fq4Db6ToEnbO/dsA5k/nuqNhCh+q5BPiVaXIY/OrDKlxpXT3cPZRC4QadfUVyHJjeAz3n567ciWnbNiGsYj4cCm3VKkBAZNPzifAqFU",
      "DQaRQR2NQwItmZO8McL5YIohoODeWFMiK4GCYzAkilNNkjVZ9RjFnFBSqAo7t+0CK6OKZo7/3GJHoOXas45Q3z3cYkcVdziU7FiTGeO9IuV3uYORpHtz",
      "JdsAmVJCZA/9TzCFpl/i+PRf8TIPoAqPPPIs5MywtICfQ0TF81rlNJJ55tFwG1+knhydJ5sropPSfBKqodqPHuI4sn/jETwo2GwnKIZe5E/IdCBo349W",
      "GHARsRt25nQZPxCJhCcZI4TC9LFJe74yNJ5lFLYvwdcSMAsBpVhtsdhKdB6v3IvK8X+m2fxcsqB/Y2VoIn5FqY5E+4EHVvWZzwnJP07m1LrCD5IOuEx6",
      "+GpIBwWT9ELA9SNz5g+cV33/cnDDcCCqyHJ2yvib/FfwsNHXLzUFOOD83FiL7yHJRku3YuQ0RlfX/+4UrpeSVIeZyVMHPMR//2XbPgA=",
    ].join(""),
    "base64",
  ),
  lz4: Buffer.from(
    [
      "wWxpbmUgMCBvZiAwCgwAEDEMABIxDAAQNAwAEjIMABA5DAATMyQAEDYNABI0DQAgMjUNABI1DQARMxoAEzY/AAE0ABI3DQARNk0A",
      "EjgNABE4ZgATOTQAAXIAA38AETInABQxgQARNw4AA4MAJzcyqAAXMqgAJzMxqQAnNjKqACc5NaoAJzMzqgAnNzCqACcxMqoAJzUz",
      "qgAnOTaqACg0NKsAKTkxqwAYM6sAJzk0qwAnNTCsABg4qwAXNasAJzI3qwAnODirACc1NKsAGDKrACc4OasAGTZVARg1qwAZMasA",
      "KDg2qwAnNjarACg0OFcBFzKsACcxOKwACAACGDlWASc4NasAGDcAAic3NasAJzczqwAZNwECKDc1qwAoNzmrAAJeABgweAAXMZEA",
      "D6oAAQLEABg03gAYNfgAGDYTARg3LgEYOEkBGDljASgxMH4BKDExmQEoMTK0ARgwzgEYMegBDwICARc4qwACNAIYNU4CGDZpAhg3",
      "hAIYOJ8CGDm5AigxMNQCBKsAGTGrABg3/wMYM1YBLzk1WAMFKDMxAgQIVwMYMqsAFzerACgyNFYBB6oAGThVARo2AQQJAAIYM6sC",
      "AngEGDGSBA+rBAAXNKgAFzGoAAn+AwemAAilABc5pQAZMU8BGTKlAhkzUAMCswAKzgAI6QAEzAAI+wMIpgAvNDdPAQUI+gMYM/kB",
      "KDYy+QEJ+gMZM/kBKDcwqgACBwIKIgIIPQIYMlcCGDNxAhg0iwIPpQIBKDUwpgQIqwAITwMCCwMaMSYDGDFBAygxMl0DCngDCJMD",
      "GDKtAxgzxwMYNOEDD/sDASg0OFcBFzKsACgxOPsDCfsFCVYBKTg1TwMIAAIYN6UCAukEGDINABgzJwAYNEEAD1EFARg5+wMfNqoA",
      "BQLEABox0gUELgEJqwICFQEKJAYISQEYMmMBGDN9ARg0lwEPpwYBGDhWAS8yNwICBQKdAAooBwSEAgkBAgJrAgp6BwifAhgyuQIY",
      "M9MCGDTtAg/9BwEZM1EFHzVYAwUpMzECBAlXAwlQBQLBAwrQCAf0AxgyDQQEUAcJAQQfOVEJBSgyNaYGHzarBAQJpQgJ+QcK/gMI",
      "9wcI/AMISwcITwEZMkwJCFADArIAGDbMABg35gAP9QUAGTKmAC80N08BBwj6Axgz+QEoNjL5AQj6Axgz+QEYN0oHKDEypQQJ+QEf",
      "NkoHBgn5AS80M6UCByg1MKYECKsACE8DKDI3TwMJ9QcXNKsAGDKrABk4SwsPoAgGGjGgCB82+wMHAhcEGTAyBAhMBASiCgcAAhg5",
      "VgEoODVPAwgAAhg3pQIvNzP2CQYJpwYvNzlRBQcYOfsDHzaqAAUoMzL2BwhWARg2qwIYOFADKDEx+wUfNUwLBSk4OfoDHzKnBgcY",
      "OFYBLzI3AgIFCKEKKDUwTAsIAQIoNDP7BQmlCB80ogwFKTUz/QMfMv0HBxkzUQUfNVgDBSgzMQIECFcDCFAFKDQ3pgQIAQQfM/YN",
      "BRo2AQQfOVEJBwJ4BBkwiAkOqwQIpQgI+QcJ/gMI9wcI/AMISwcITwEaMkwJHzabCgcZNvALHzH1BQQYMqYALzQ3TwEFCPoDGDP5",
      "ASg2MvkBCPoDGjNFDR8w7wsHGTX5AR82SgcGCPkBLzQzpQIFKDUwpgQIqwAITwMCCwMZOegJGTBBAw9FDQIZOEsLD6AIBhkxoAgf",
      "NvsDBSg0OFcBCE0LGTGiCgj7BQlWAR84mw4IGDelAi83M/YJBginBi83OVEFBRg5+wMfNqoABQLEABk56AkZMO0FD/EPAgIvARkw",
      "KBAPTAsAKDg5+gMfMqcGBRg4VgEvMjcCAgUIoQopNTBMCx80RxEICaUIHzSiDAUoNTP9Ax8y/QcFGTNRBR81WAMFKDMxAgQJVwMf",
      "Mp0SBygyNFYBD/YNBRk2AQQfOVEJBSgyNaYGHzarBAQIpQgJ+QcK/gMJ9wcI/AMPQA8FGTJMCR82mwoFGTbwCx8x9QUEgDI0IG9m",
      "IDkK",
    ].join(""),
    "base64",
  ),
};

describe("decodeZstd", () => {
  it.each([
    ["a fast level", packed.fast, text],
    ["the best level", packed.best, text],
    ["a known size", packed.sized, text],
    ["one byte again and again", packed.repeated, Buffer.alloc(200_000, "a")],
    ["what cannot be compressed", packed.raw, noise],
  ])("unpacks %s", (_name, bytes, expected) => {
    expect(Buffer.from(decodeZstd(bytes, 1_000_000) ?? []).equals(expected)).toBe(true);
  });

  it("does not give more than was allowed", () => {
    expect(decodeZstd(packed.repeated, 199_999)).toBeUndefined();
    expect(decodeZstd(packed.sized, text.length - 1)).toBeUndefined();
  });

  it("gives nothing for what is cut off", () => {
    for (let length = 0; length < packed.sized.length - 8; length++) {
      expect(decodeZstd(packed.sized.subarray(0, length), 1_000_000)).toBeUndefined();
    }
  });

  it("never throws on damage", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(packed.fast, packed.best, packed.sized),
        fc.array(fc.tuple(fc.nat(1000), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (bytes, changes) => {
          const damaged = Uint8Array.from(bytes);
          for (const [at, value] of changes) damaged[at % damaged.length] = value;
          const result = decodeZstd(damaged, 100_000);
          expect(result === undefined || result.length <= 100_000).toBe(true);
        },
      ),
      { numRuns: 400 },
    );
  });
});

describe("decodeLz4", () => {
  it("unpacks a block", () => {
    expect(Buffer.from(decodeLz4(packed.lz4, text.length) ?? []).equals(text)).toBe(true);
  });

  it("unpacks literals alone, and copies that overlap", () => {
    expect(decodeLz4(Uint8Array.of(0x30, 1, 2, 3), 3)).toEqual(Uint8Array.of(1, 2, 3));
    // One literal, then eight bytes from one byte back, then one literal.
    expect(decodeLz4(Uint8Array.of(0x14, 7, 1, 0, 0x10, 9), 10)).toEqual(Uint8Array.of(7, 7, 7, 7, 7, 7, 7, 7, 7, 9));
  });

  it("gives nothing for a wrong size or what is cut off", () => {
    expect(decodeLz4(packed.lz4, text.length - 1)).toBeUndefined();
    expect(decodeLz4(packed.lz4, text.length + 1)).toBeUndefined();
    expect(decodeLz4(packed.lz4.subarray(0, 100), text.length)).toBeUndefined();
    expect(decodeLz4(Uint8Array.of(0x14, 7, 2, 0, 0x10, 9), 10)).toBeUndefined();
  });

  it("never throws on damage", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(2000), (bytes, size) => {
        const result = decodeLz4(bytes, size);
        expect(result === undefined || result.length === size).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("decodeZipLzma", () => {
  const whole = Buffer.concat([text, noise]);

  it("unpacks a member", () => {
    expect(Buffer.from(decodeZipLzma(packed.lzma, whole.length) ?? []).equals(whole)).toBe(true);
  });

  it("gives what was promised, and nothing for what is cut off", () => {
    expect(Buffer.from(decodeZipLzma(packed.lzma, 100) ?? []).equals(whole.subarray(0, 100))).toBe(true);
    for (let length = 0; length < packed.lzma.length - 8; length += 5)
      expect(decodeZipLzma(packed.lzma.subarray(0, length), whole.length)).toBeUndefined();
    expect(decodeZipLzma(packed.lzma, whole.length + 1)).toBeUndefined();
  });

  it("never throws on damage", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(packed.lzma.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const bytes = Uint8Array.from(packed.lzma);
          for (const [at, value] of changes) bytes[at] = value;
          expect((decodeZipLzma(bytes, whole.length) ?? whole).length).toBe(whole.length);
        },
      ),
      { numRuns: 300 },
    );
  });
});
