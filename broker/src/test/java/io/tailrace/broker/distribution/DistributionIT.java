package io.tailrace.broker.distribution;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Looks at what was assembled, and uses it as somebody does who has unpacked the archive. */
class DistributionIT {
  private static final String ANALYTICS = "analytics";
  private static final long COMMAND_TIMEOUT_S = 120;

  @TempDir static Path unpacked;

  private static Path home;

  /** As the build left it, before it was packed. */
  private static Path built;

  @BeforeAll
  static void unpack() throws IOException, InterruptedException {
    Path dist = Path.of(System.getProperty("basedir", ".")).resolve("target/dist").toAbsolutePath();
    Path archive;
    try (Stream<Path> files = Files.list(dist)) {
      List<Path> archives = files.filter(file -> file.toString().endsWith(".tar.gz")).toList();
      assertEquals(1, archives.size(), archives.toString());
      archive = archives.get(0);
    }
    Path out = Files.createTempFile("tailrace-unpack", ".txt");
    Process tar =
        new ProcessBuilder("tar", "xzf", archive.toString(), "-C", unpacked.toString())
            .redirectErrorStream(true)
            .redirectOutput(out.toFile())
            .start();
    assertEquals(0, tar.waitFor(), Files.readString(out));
    Files.delete(out);
    String name = archive.getFileName().toString();
    home = unpacked.resolve(name.substring(0, name.length() - ".tar.gz".length()));
    built = dist.resolve(home.getFileName());
  }

  @Test
  void holdsNoFileOfChronicleAnalytics() throws IOException {
    List<Path> jars = jars();
    assertTrue(jars.size() > 30, jars.toString());
    for (Path jar : jars) {
      assertFalse(jar.getFileName().toString().contains(ANALYTICS), jar.toString());
      try (ZipFile zip = new ZipFile(jar.toFile())) {
        for (ZipEntry entry : Collections.list(zip.entries())) {
          assertFalse(
              entry.getName().startsWith("net/openhft/chronicle/analytics/"),
              jar + ": " + entry.getName());
        }
      }
    }
  }

  @Test
  void holdsTheSwitchesThatKeepChronicleQuiet() throws IOException {
    String switches = Files.readString(home.resolve("lib/jvm.switches"));
    assertTrue(switches.contains("-Dchronicle.analytics.disable=true"), switches);
    assertFalse(switches.contains("${"), switches);
  }

  @Test
  void theCommandLineFindsEveryJarThatItNames() throws IOException {
    String classPath = Files.readString(home.resolve("lib/tailrace.classpath")).strip();
    for (String jar : classPath.split(":", -1)) {
      assertTrue(Files.exists(home.resolve(jar)), jar);
    }
  }

  @Test
  void holdsLicenceConfigurationAndDocumentation() {
    for (String file :
        List.of(
            "LICENSE",
            "README.md",
            "config/broker.properties",
            "config/logback-broker.xml",
            "docs/configuration.md")) {
      assertTrue(Files.isRegularFile(home.resolve(file)), file);
    }
    for (String script :
        List.of("bin/broker", "bin/cluster", "bin/tailrace", "bin/zookeeper", "bin/demo")) {
      assertTrue(Files.isExecutable(home.resolve(script)), script);
    }
  }

  @Test
  void startsServesAndStopsFromTheUnpackedArchive() throws IOException, InterruptedException {
    Path data = home.resolve("data");
    try {
      run(
          0,
          "bin/broker",
          "start",
          "-d",
          "--set",
          "listener=localhost:0",
          "--set",
          "http.listener=localhost:0");
      String bootstrap = Files.readString(data.resolve("broker.ready")).split(" ", -1)[0];
      run(0, "bin/broker", "status");
      assertTrue(
          run(2, "bin/broker", "start").contains("already runs on"), "a second broker was refused");
      run(0, "bin/tailrace", "--bootstrap", bootstrap, "topic", "create", "orders");
      Path lines = Files.writeString(home.resolve("lines"), "k:one\nk:two\n");
      run(
          0,
          "bin/tailrace",
          "--bootstrap",
          bootstrap,
          "produce",
          "orders",
          "--key-separator",
          ":",
          "--file",
          lines.toString());
      assertEquals(
          "0 k one\n1 k two\n",
          run(
              0,
              "bin/tailrace",
              "--bootstrap",
              bootstrap,
              "consume",
              "orders",
              "--format",
              "%o %k %v\\n"));
      checkClosedPipe(bootstrap);
    } finally {
      run(0, "bin/broker", "stop");
    }
    run(1, "bin/broker", "status");
    assertFalse(Files.exists(data.resolve("broker.pid")), "the process id file is gone");
    assertFalse(Files.exists(data.resolve("broker.ready")), "the ready file is gone");
  }

  /** Whoever reads what is consumed has enough after a line: that is no error. */
  private static void checkClosedPipe(String bootstrap) throws IOException, InterruptedException {
    Path many =
        Files.writeString(home.resolve("many"), "a line that is read by nobody\n".repeat(50_000));
    String tailrace = "bin/tailrace --bootstrap " + bootstrap;
    run(0, "bin/tailrace", "--bootstrap", bootstrap, "topic", "create", "many");
    run(0, "bin/tailrace", "--bootstrap", bootstrap, "produce", "many", "--file", many.toString());
    String said =
        shell(
            String.join(
                "; ",
                "cd '" + home + "'",
                "{ " + tailrace + " consume many; echo \"exit code $?\" >&2; } | head -n 1"));
    assertEquals("a line that is read by nobody\nexit code 0\n", said);
  }

  @Test
  void refusesSettingsWithExitCodeTwo() throws IOException, InterruptedException {
    String said =
        run(
            2,
            "bin/broker",
            "start",
            "-d",
            "--set",
            "listner=localhost:0",
            "--set",
            "data.dir=" + unpacked.resolve("refused"));
    assertTrue(said.contains("listner: there is no such key; did you mean listener?"), said);
  }

  @Test
  void theBuildHasMadeClassDataArchivesAndTheCommandLineStartsFromOne()
      throws IOException, InterruptedException {
    assumeFalse(
        "no".equals(System.getenv("TAILRACE_CLASS_SHARING")),
        "the build was told to go without archives");
    Path archives = built.resolve("cds");
    for (String name : List.of("broker", "tailrace")) {
      assumeTrue(
          files(archives, name + "-*.failed").isEmpty(),
          () -> "this JDK cannot make the archive of " + name);
      assertEquals(1, files(archives, name + "-*.jsa").size(), () -> name + " in " + archives);
    }

    String loaded =
        runWords(
            0,
            List.of(built.resolve("bin/tailrace").toString(), "topic", "list", "--help"),
            Map.of("TAILRACE_JVM_OPTS", "-Xshare:on -Xlog:class+load=info:stdout"));

    for (String name : List.of("io.tailrace.client.cli.TailraceCommand", "picocli.CommandLine")) {
      assertTrue(
          loaded.lines().anyMatch(line -> line.endsWith(name + " source: shared objects file")),
          () -> name + " does not come from the archive:\n" + loaded);
    }
  }

  private static List<Path> files(Path directory, String glob) throws IOException {
    List<Path> found = new ArrayList<>();
    if (Files.isDirectory(directory)) {
      try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, glob)) {
        files.forEach(found::add);
      }
    }
    return found;
  }

  private static List<Path> jars() throws IOException {
    try (Stream<Path> files = Files.list(home.resolve("lib"))) {
      return files.filter(file -> file.toString().endsWith(".jar")).toList();
    }
  }

  /** Runs a script of the distribution; returns all that it said. */
  private static String run(int exitCode, String... command)
      throws IOException, InterruptedException {
    List<String> words = new ArrayList<>(Arrays.asList(command));
    words.set(0, home.resolve(command[0]).toString());
    return runWords(exitCode, words);
  }

  private static String shell(String line) throws IOException, InterruptedException {
    return runWords(0, List.of("sh", "-c", line));
  }

  /** Without class data archives: the one of the unpacked distribution would be made here. */
  private static String runWords(int exitCode, List<String> words)
      throws IOException, InterruptedException {
    return runWords(exitCode, words, Map.of("TAILRACE_CLASS_SHARING", "no"));
  }

  private static String runWords(int exitCode, List<String> words, Map<String, String> variables)
      throws IOException, InterruptedException {
    Path out = Files.createTempFile("tailrace-script", ".txt");
    ProcessBuilder builder =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(out.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("TAILRACE_"));
    environment.putAll(variables);
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    Process process = builder.start();
    assertTrue(process.waitFor(COMMAND_TIMEOUT_S, TimeUnit.SECONDS), () -> String.join(" ", words));
    String said = Files.readString(out, StandardCharsets.UTF_8);
    Files.delete(out);
    assertEquals(exitCode, process.exitValue(), () -> String.join(" ", words) + "\n" + said);
    return said;
  }
}
