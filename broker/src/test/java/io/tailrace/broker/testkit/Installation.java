package io.tailrace.broker.testkit;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The scripts of {@code bin/} and the configuration, laid out as in a distribution, which run the
 * classes of this build. Thread-safe.
 */
public final class Installation {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final String CLASS_PATH_JAR = "tailrace-client-test.jar";
  private static final long TIMEOUT_S = 120;

  private final Path home;

  private Installation(Path home) {
    this.home = home;
  }

  /** How a script ended, and what it said. */
  public record Outcome(int exitCode, String out, String err) {}

  /** Installs into a directory, which is made. */
  public static Installation in(Path home) {
    try {
      for (String part : List.of("bin", "config")) {
        Path target = Files.createDirectories(home.resolve(part));
        try (Stream<Path> files = Files.list(ROOT.resolve(part))) {
          for (Path file : files.toList()) {
            Files.copy(
                file,
                target.resolve(file.getFileName()),
                java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
          }
        }
      }
      Path lib = Files.createDirectories(home.resolve("lib"));
      Files.writeString(lib.resolve("tailrace.classpath"), "lib/" + CLASS_PATH_JAR + "\n");
      Files.writeString(lib.resolve("jvm.switches"), switches() + "\n");
      writeClassPath(lib.resolve(CLASS_PATH_JAR));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Installation(home);
  }

  private static String switches() {
    return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(
            argument ->
                argument.startsWith("--add-")
                    || argument.startsWith("-Dchronicle")
                    || argument.startsWith("-Dio.netty")
                    || argument.startsWith("-Dbackground"))
        .collect(Collectors.joining(" "));
  }

  /** A jar that holds nothing but the class path of this process. */
  private static void writeClassPath(Path jar) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(
        Attributes.Name.CLASS_PATH,
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
            .map(entry -> Path.of(entry).toUri().toString())
            .collect(Collectors.joining(" ")));
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest)) {
      out.finish();
    }
  }

  /** Where {@code bin/} is. */
  public Path home() {
    return home;
  }

  /** Runs a line of shell in the installation's directory. */
  public Outcome shell(String line) {
    return shell(Map.of(), line);
  }

  /** Runs a line of shell in the installation's directory, with more variables. */
  public Outcome shell(Map<String, String> variables, String line) {
    return run(variables, "sh", "-c", line);
  }

  /** Runs a command in the installation's directory, with more variables. */
  public Outcome run(Map<String, String> variables, String... command) {
    try {
      Path out = Files.createTempFile("tailrace-script", ".out");
      Path err = Files.createTempFile("tailrace-script", ".err");
      ProcessBuilder builder =
          new ProcessBuilder(new ArrayList<>(List.of(command)))
              .directory(home.toFile())
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      Map<String, String> environment = builder.environment();
      environment.keySet().removeIf(name -> name.startsWith("TAILRACE_"));
      environment.put("JAVA_HOME", System.getProperty("java.home"));
      environment.put("TAILRACE_CLASS_SHARING", "no");
      environment.putAll(variables);
      Process process = builder.start();
      try {
        if (!process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)) {
          throw new IllegalStateException(
              String.join(" ", command) + " did not end: " + Files.readString(err));
        }
      } finally {
        process.destroyForcibly();
      }
      Outcome outcome = new Outcome(process.exitValue(), read(out), read(err));
      Files.delete(out);
      Files.delete(err);
      return outcome;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  private static String read(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }
}
