package io.tailrace.broker.log.chronicle;

import java.util.Locale;
import net.openhft.posix.PosixAPI;

/**
 * The operating system's own calls. The library that makes them composes the name of its native
 * part with the default locale's digits and then does not find it, so that it is loaded while the
 * default is {@link Locale#ROOT}; once in a process. Thread-safe.
 */
final class PosixLibrary {
  private static final PosixAPI POSIX = load();

  private PosixLibrary() {}

  static PosixAPI posix() {
    return POSIX;
  }

  private static PosixAPI load() {
    Locale general = Locale.getDefault();
    Locale display = Locale.getDefault(Locale.Category.DISPLAY);
    Locale format = Locale.getDefault(Locale.Category.FORMAT);
    Locale.setDefault(Locale.ROOT);
    try {
      return PosixAPI.posix();
    } finally {
      Locale.setDefault(general);
      Locale.setDefault(Locale.Category.DISPLAY, display);
      Locale.setDefault(Locale.Category.FORMAT, format);
    }
  }
}
