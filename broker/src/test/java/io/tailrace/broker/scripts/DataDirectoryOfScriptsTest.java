package io.tailrace.broker.scripts;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.config.BrokerConfig;
import io.tailrace.broker.config.ConfigException;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The scripts and the broker find the same data directory, however it is written. */
class DataDirectoryOfScriptsTest {
  private static final Path BIN = Path.of("..", "bin").toAbsolutePath().normalize();

  /** Pieces that the rules of properties files treat in different ways. */
  private static final List<String> PIECES =
      List.of(
          "k",
          "k",
          "k",
          "=",
          "=",
          ":",
          " ",
          "\t",
          "\f",
          "\\",
          "\\",
          "\\\\",
          "\n",
          "\n",
          "\r",
          "\r\n",
          "#",
          "!",
          "/",
          "é",
          "𝄞",
          "\\u00e9",
          "\\u007E",
          "\\uD834\\uDD1E",
          "\\uD834",
          "\\uDD1E",
          "\\n",
          "\\t",
          "\\ ",
          "\\=",
          "\\:",
          "\\k",
          "%s",
          "value");

  private static final List<String> PREFIXES = List.of("k", "k=", "k ", "");
  private static final int FILES = 300;

  @TempDir Path directory;

  private String run(String... command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  @Test
  void readPropertiesFilesByTheRulesOfJava() throws IOException {
    Random random = new Random(7);
    List<String> expected = new ArrayList<>();
    int values = 0;
    for (int file = 0; file < FILES; file++) {
      StringBuilder text = new StringBuilder(PREFIXES.get(random.nextInt(PREFIXES.size())));
      for (int i = random.nextInt(14); i >= 0; i--) {
        text.append(PIECES.get(random.nextInt(PIECES.size())));
      }
      Properties properties = new Properties();
      properties.load(new StringReader(text.toString()));
      String value = properties.getProperty("k", "");
      values += value.isEmpty() ? 0 : 1;
      String line = value.isEmpty() ? "" : value + "\n";
      expected.add(HexFormat.of().formatHex(line.getBytes(StandardCharsets.UTF_8)));
      Files.writeString(directory.resolve(file + ".properties"), text);
    }

    String found =
        run(
            "sh",
            "-c",
            "cd \"$2\"; i=0; while [ $i -lt $3 ]; do"
                + " LC_ALL=C awk -v key=k -f \"$1\" <$i.properties | od -An -v -tx1 | tr -d ' \n';"
                + " echo; i=$((i + 1)); done",
            "sh",
            BIN.resolve("properties.awk").toString(),
            directory.toString(),
            Integer.toString(FILES));

    assertEquals(expected, found.lines().toList());
    assertTrue(values > FILES / 5, values + " files have a value");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "data.dir=/tmp/x",
        "data.dir /tmp/x",
        "data.dir : /tmp/x  ",
        "data.dir\\\n  = /tmp/\\\n    y",
        "data\\.dir = /tmp/with\\ blank",
        "data.dir = /tmp/\\u00e9",
        "#data.dir = /tmp/comment\\\ndata.dir = relative",
        "data.dir = a/../b/./c//d",
        "data.dir = /tmp/carriage\r\n",
        "data.directory = /tmp/x",
        "broker.id 3\n data.dir = /tmp/y",
        "! data.dir = /tmp/no",
      })
  void isTheOneThatTheBrokerUses(String file) throws IOException {
    Path config = Files.writeString(directory.resolve("broker.properties"), file);
    assertFound(config, "", List.of());
  }

  @Test
  void comesFromTheEnvironmentAndTheOverridesAsForTheBroker() throws IOException {
    Path config = Files.writeString(directory.resolve("broker.properties"), "data.dir /tmp/file");
    assertFound(config, " /tmp/environment ", List.of());
    assertFound(config, " \t", List.of());
    assertFound(config, "/tmp/environment", List.of(" data.dir = /tmp/override=x "));
    assertFound(config, "", List.of("data.dir=/tmp/first", "data.dir=second/../third"));
  }

  private void assertFound(Path config, String environment, List<String> overrides)
      throws IOException {
    Path home = directory.resolve("home");
    BrokerConfig read;
    try {
      read =
          BrokerConfig.load(
              config,
              overrides,
              Map.of("TAILRACE_HOME", home.toString(), "TAILRACE_DATA_DIR", environment));
    } catch (ConfigException e) {
      // A file that the broker refuses has no data directory that could differ.
      read = BrokerConfig.load(null, List.of(), Map.of("TAILRACE_HOME", home.toString()));
    }
    StringBuilder arguments = new StringBuilder();
    overrides.forEach(override -> arguments.append(" --set '").append(override).append('\''));
    String found =
        run(
            "sh",
            "-c",
            "bin=$1 program=broker data_key=data.dir data_default=data takes_set=yes"
                + " TAILRACE_HOME=$3 data_from_environment=$4; . \"$1/daemon.sh\";"
                + " parse_arguments status --config \"$2\""
                + arguments
                + "; printf %s \"$data_directory\"",
            "sh",
            BIN.toString(),
            config.toString(),
            home.toString(),
            environment);
    assertEquals(read.dataDirectory().toString(), found);
  }
}
