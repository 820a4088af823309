package io.tailrace.coordinator.zookeeper;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class ZooKeeperMainTest {

  @Test
  void theShippedConfigurationIsValidAndShowsTheDefaults() throws IOException {
    Path shipped = Path.of("..", "config", "zookeeper.properties");
    List<String> problems = new ArrayList<>();
    Properties given = new Properties();
    try (Reader reader = Files.newBufferedReader(shipped)) {
      given.load(reader);
    }
    EmbeddedZooKeeper.Settings fromFile = ZooKeeperMain.settings(given, Map.of(), problems);
    EmbeddedZooKeeper.Settings defaults =
        ZooKeeperMain.settings(new Properties(), Map.of(), problems);
    assertEquals(List.of(), problems);
    assertEquals(defaults, fromFile);
    Properties uncommented = new Properties();
    for (String line : Files.readAllLines(shipped)) {
      if (line.matches("#[a-zA-Z.]+=.*")) {
        String[] keyAndValue = line.substring(1).split("=", 2);
        uncommented.setProperty(keyAndValue[0], keyAndValue[1]);
      }
    }
    assertEquals(defaults, ZooKeeperMain.settings(uncommented, Map.of(), problems));
    assertEquals(List.of(), problems);
  }

  @Test
  void reportsEverythingThatIsWrongTogether() {
    Properties given = new Properties();
    given.setProperty("clientport", "1");
    given.setProperty("clientPort", "70000");
    given.setProperty("tickTime", "fast");
    List<String> problems = new ArrayList<>();
    ZooKeeperMain.settings(given, Map.of(), problems);
    assertEquals(3, problems.size(), problems.toString());
    assertTrue(problems.get(0).startsWith("clientport: there is no such key"), problems.get(0));
    assertEquals("clientPort: 70000 is not from 0 to 65535", problems.get(1));
    assertEquals("tickTime: 'fast' is not a number", problems.get(2));
  }

  @Test
  void relativeDirectoriesBeginAtTheHome() {
    List<String> problems = new ArrayList<>();
    EmbeddedZooKeeper.Settings settings =
        ZooKeeperMain.settings(new Properties(), Map.of("TAILRACE_HOME", "/somewhere"), problems);
    assertEquals(Path.of("/somewhere/data/zookeeper"), settings.directory());
  }
}
