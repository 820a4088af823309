package io.tailrace.broker;

import io.tailrace.broker.config.ConfigException;
import io.tailrace.broker.log.chronicle.ChronicleLogStore;
import io.tailrace.protocol.record.CompressionType;
import io.tailrace.protocol.record.NativeCodecs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The native parts of the broker's libraries, which each library unpacks into a directory for
 * temporary files and loads from there. That fails where such a directory cannot be written or is
 * mounted noexec, and would be found only when the first record comes. So it is decided before
 * anything else where they go, and they are loaded before anything is started. Called by the main
 * thread only.
 */
final class NativeLibraries {
  private static final String TEMPORARY_DIRECTORY = "java.io.tmpdir";
  private static final String OWN_DIRECTORY = "tmp";

  /** Where the libraries look first; what the operator has set is left. */
  private static final List<String> DIRECTORIES_OF_LIBRARIES =
      List.of(
          "ZstdTempFolder",
          "org.xerial.snappy.tempdir",
          "jffi.extract.dir",
          "jna.tmpdir",
          "io.netty.native.workdir");

  private NativeLibraries() {}

  /**
   * Chooses the first of {@code java.io.tmpdir} and {@code tmp} in the data directory from which
   * programs can be executed, and loads the libraries.
   *
   * @throws ConfigException when there is no such directory, or a library cannot be loaded; no file
   *     is left then
   */
  static void load(Path dataDirectory) {
    boolean madeDataDirectory = Files.notExists(dataDirectory);
    Path own = dataDirectory.resolve(OWN_DIRECTORY);
    List<String> problems = new ArrayList<>();
    Path general = Path.of(System.getProperty(TEMPORARY_DIRECTORY, ""));
    if (!canExecuteIn(general)) {
      if (prepare(own) && canExecuteIn(own)) {
        use(own);
      } else {
        problems.add(
            TEMPORARY_DIRECTORY
                + ": native libraries can be executed neither from "
                + general
                + " nor from "
                + own
                + " (not writable, or mounted noexec); name a directory that allows it with"
                + " TAILRACE_JVM_OPTS=-Djava.io.tmpdir=DIRECTORY");
      }
    }
    if (problems.isEmpty()) {
      loadEach(problems);
    }
    if (!problems.isEmpty()) {
      if (Files.isDirectory(own)) {
        remove(own);
      }
      if (madeDataDirectory) {
        remove(dataDirectory);
      }
      throw new ConfigException(problems);
    }
  }

  private static boolean canExecuteIn(Path directory) {
    try {
      Path probe = Files.createTempFile(directory, "tailrace", ".probe");
      try {
        // The kernel says no to this on a noexec mount, as it will to the library.
        return probe.toFile().setExecutable(true) && Files.isExecutable(probe);
      } finally {
        Files.delete(probe);
      }
    } catch (IOException e) {
      return false;
    }
  }

  /** Makes the directory, and clears it of what a killed broker has left. */
  private static boolean prepare(Path own) {
    try {
      Files.createDirectories(own);
      try (Stream<Path> left = Files.list(own)) {
        for (Path file : left.toList()) {
          remove(file);
        }
      }
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private static void use(Path own) {
    System.setProperty(TEMPORARY_DIRECTORY, own.toString());
    for (String property : DIRECTORIES_OF_LIBRARIES) {
      if (System.getProperty(property) == null) {
        System.setProperty(property, own.toString());
      }
    }
  }

  private static void loadEach(List<String> problems) {
    for (CompressionType type : NativeCodecs.types()) {
      load("the library for " + type.label(), () -> NativeCodecs.load(type), problems);
    }
    load("the library for system calls", ChronicleLogStore::loadNativeParts, problems);
  }

  private static void load(String library, Runnable load, List<String> problems) {
    try {
      load.run();
    } catch (RuntimeException | Error e) {
      Throwable cause = e;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      problems.add(
          library
              + " cannot load its native part from "
              + System.getProperty(TEMPORARY_DIRECTORY)
              + " ("
              + cause
              + "); name another"
              + " directory with TAILRACE_JVM_OPTS=-Djava.io.tmpdir=DIRECTORY");
    }
  }

  /** Removes a file or empty directory; one that cannot be removed stays, and does no harm. */
  private static boolean remove(Path path) {
    return path.toFile().delete();
  }
}
