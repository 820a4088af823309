package io.tailrace.broker.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Keeps the files that are generated from the keys true. */
class ConfigDocumentsTest {
  private static final Path ROOT = Path.of(System.getProperty("basedir", ".")).resolve("..");
  private static final String MEND =
      " differs from the keys; run ./mvnw -pl broker -am test -Dtest=ConfigDocumentsTest"
          + " -Dsurefire.failIfNoSpecifiedTests=false -Dtailrace.config.update=true";

  @Test
  void theShippedFileMatchesTheKeys() throws IOException {
    check(ROOT.resolve("config/broker.properties"), ConfigDocuments.brokerProperties());
  }

  @Test
  void theReferencePageMatchesTheKeys() throws IOException {
    check(ROOT.resolve("docs/configuration.md"), ConfigDocuments.referencePage());
  }

  @Test
  void theShippedFileMeansTheDefaults() {
    assertEquals(
        BrokerConfig.of(Map.of()).logConfig(),
        BrokerConfig.load(ROOT.resolve("config/broker.properties"), List.of(), Map.of())
            .logConfig());
    BrokerConfig.load(ROOT.resolve("config/broker.properties"), List.of(), Map.of())
        .settings()
        .forEach(
            setting ->
                assertEquals(
                    BrokerKeys.SCHEMA.key(setting.name()).defaultText(),
                    setting.value(),
                    setting.name()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"three-brokers.properties", "external-zookeeper.properties"})
  void theReadyConfigurationsCanBeUsed(String file) {
    BrokerConfig config =
        BrokerConfig.load(ROOT.resolve("config").resolve(file), List.of(), Map.of());
    assertEquals(2, config.get(BrokerKeys.MIN_INSYNC_REPLICAS));
    assertEquals(3, config.get(BrokerKeys.DEFAULT_REPLICATION_FACTOR));
  }

  private static void check(Path file, String generated) throws IOException {
    if (Boolean.getBoolean("tailrace.config.update")) {
      Files.createDirectories(file.getParent());
      Files.writeString(file, generated);
    }
    assertEquals(generated, Files.exists(file) ? Files.readString(file) : "", file + MEND);
  }
}
