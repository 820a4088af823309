package io.tailrace.broker.config;

import java.io.IOException;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;

/** Reads the settings of a properties file in UTF-8. */
final class PropertiesFile {
  private PropertiesFile() {}

  /**
   * Reads a file.
   *
   * @param problems gets a line when the file cannot be read, and one for every key that it holds
   *     twice
   */
  static Map<String, String> read(Path file, List<String> problems) {
    Map<String, String> texts = new LinkedHashMap<>();
    Properties properties =
        new Properties() {
          @Override
          public synchronized Object put(Object key, Object value) {
            if (texts.put((String) key, (String) value) != null) {
              problems.add(key + ": stands more than once in " + file + "; keep one");
            }
            return null;
          }
        };
    try (Reader reader = Files.newBufferedReader(file)) {
      properties.load(reader);
    } catch (NoSuchFileException e) {
      problems.add("--config " + file + ": there is no such file");
    } catch (CharacterCodingException e) {
      problems.add("--config " + file + ": is not written in UTF-8");
    } catch (IOException | IllegalArgumentException e) {
      problems.add("--config " + file + ": cannot be read: " + e.getMessage());
    }
    return texts;
  }
}
