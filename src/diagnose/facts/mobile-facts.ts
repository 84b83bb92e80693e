/**
 * PyTorch in apps as a text shows it: the package of an Android app's build file, that an app for iOS is linked, the archives that
 * Xcode links whole. Reads one line at a time; it does not know what else a build file names.
 */

export interface MobileFacts {
  /** `pytorch_android_lite` and `1.9.0` of `org.pytorch:pytorch_android_lite:1.9.0`. */
  readonly androidTorch?: { readonly name: string; readonly release: string };
  /** The build file names org.pytorch:torchvision_ops. */
  readonly namesVisionOps: boolean;
  /** An app for iOS is built. */
  readonly ios: boolean;
  /** The archive of LibTorch that is linked whole: `/w/app/install/lib/libtorch.a`. */
  readonly forceLoaded?: string;
}

const packageOfGradle = /\borg\.pytorch:(pytorch_android(?:_lite)?):(\d[\w.-]*)/;
const forIos =
  /-apple-ios\d|\biphone(?:os|simulator)\d*(?:\.\d+)*\b|\biPhone(?:OS|Simulator)\.platform\b|build_ios\.sh|[\\/]Pods[\\/]LibTorch|\bios[ -]simulator\b|pod 'LibTorch/i;
const whole = /-force_load (\S+\/libtorch\w*\.a)\b/;

/** Gathers them line by line. */
export class MobileReader {
  #torch: MobileFacts["androidTorch"];
  #vision = false;
  #ios = false;
  #whole: string | undefined;

  line(written: string): void {
    const text = written.length > 4_000 ? written.slice(0, 4_000) : written;
    if (text.includes("org.pytorch:")) {
      const [, name, release] = packageOfGradle.exec(text) ?? [];
      if (name !== undefined && release !== undefined) this.#torch ??= { name, release };
      this.#vision ||= text.includes("org.pytorch:torchvision_ops");
    }
    this.#ios ||= forIos.test(text);
    if (text.includes("-force_load ")) this.#whole ??= whole.exec(text)?.[1];
  }

  facts(): MobileFacts {
    return {
      ...(this.#torch === undefined ? {} : { androidTorch: this.#torch }),
      namesVisionOps: this.#vision,
      ios: this.#ios,
      ...(this.#whole === undefined ? {} : { forceLoaded: this.#whole }),
    };
  }
}
