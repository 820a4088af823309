package io.tailrace.broker.log.chronicle;

import java.io.IOException;
import java.nio.file.Path;

/** How files are synced to the device; a test's may fail. Thread-safe. */
@FunctionalInterface
interface Device {
  /** The one that there is. */
  Device REAL = LogFiles::force;

  /** Syncs a file's content, or a directory's entries. */
  void force(Path path) throws IOException;
}
