package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LineReaderTest {

  @Test
  void takesTheLastLineWithoutLineFeedAndKeepsEmptyOnes() throws IOException {
    assertEquals(List.of("a", "", "b\r", "c"), lines("a\n\nb\r\nc"));
    assertEquals(List.of("a"), lines("a\n"));
    assertEquals(List.of(""), lines("\n"));
    assertEquals(List.of(), lines(""));
  }

  @Test
  void readsTheSameLinesHoweverTheBytesArrive() throws IOException {
    Random random = new Random(42);
    List<String> expected = new ArrayList<>();
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 200; i++) {
      // Some lines are longer than the reader's buffer.
      String line = "x".repeat(random.nextInt(10) == 0 ? random.nextInt(600_000) : i);
      expected.add(line);
      text.append(line).append('\n');
    }
    InputStream dribbling =
        new FilterInputStream(bytes(text.toString())) {
          @Override
          public int read(byte[] to, int offset, int length) throws IOException {
            return super.read(to, offset, Math.min(length, 1 + random.nextInt(100_000)));
          }
        };

    assertEquals(expected, all(new LineReader(dribbling, 1 << 20)));
  }

  @Test
  void countsLinesAndNamesTheOneThatIsTooLong() throws IOException {
    LineReader reader = new LineReader(bytes("a\n" + "x".repeat(600_000)), 1000);
    reader.next();
    assertEquals(1, reader.lineNumber());

    assertEquals(
        "line 2 is longer than 1000 bytes",
        assertThrows(CommandException.class, reader::next).getMessage());
  }

  private static InputStream bytes(String text) {
    return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
  }

  private static List<String> lines(String text) throws IOException {
    return all(new LineReader(bytes(text), 1 << 20));
  }

  private static List<String> all(LineReader reader) throws IOException {
    List<String> lines = new ArrayList<>();
    byte[] line = reader.next();
    while (line != null) {
      lines.add(new String(line, StandardCharsets.UTF_8));
      line = reader.next();
    }
    assertNull(reader.next());
    return lines;
  }
}
