package io.tailrace.protocol.record;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class Utf8Test {
  private static final char[] EDGES = {
    0, 'a', 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000, 0xffff
  };

  @Test
  void writesWhatTheJdkWrites() {
    SplittableRandom random = new SplittableRandom(1);
    for (int round = 0; round < 20_000; round++) {
      char[] chars = new char[random.nextInt(8)];
      for (int i = 0; i < chars.length; i++) {
        chars[i] = EDGES[random.nextInt(EDGES.length)];
      }
      String text = new String(chars);
      byte[] expected = text.getBytes(StandardCharsets.UTF_8);
      byte[] out = new byte[40];

      assertEquals(expected.length, Utf8.length(text), Arrays.toString(chars));
      assertEquals(3 + expected.length, Utf8.write(ByteBuffer.wrap(out), 3, text));
      assertArrayEquals(expected, Arrays.copyOfRange(out, 3, 3 + expected.length));
    }
  }
}
