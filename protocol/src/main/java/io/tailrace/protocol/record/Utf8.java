package io.tailrace.protocol.record;

import java.nio.ByteBuffer;

/**
 * Writes text as UTF-8 in place, byte for byte as {@link String#getBytes} does: an unpaired
 * surrogate becomes {@code '?'}. Stateless.
 */
final class Utf8 {
  private Utf8() {}

  /** Bytes that {@link #write} writes. */
  static int length(String text) {
    int chars = text.length();
    int bytes = chars;
    for (int i = 0; i < chars; i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        continue;
      }
      if (c < 0x800) {
        bytes += 1;
      } else if (!Character.isSurrogate(c)) {
        bytes += 2;
      } else if (startsPair(text, i)) {
        bytes += 2;
        i++;
      }
    }
    return bytes;
  }

  /** Writes the text at the index and returns the index behind it. */
  static int write(ByteBuffer out, int index, String text) {
    int at = index;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        out.put(at++, (byte) c);
      } else if (c < 0x800) {
        out.put(at++, (byte) (0xc0 | (c >> 6)));
        out.put(at++, (byte) (0x80 | (c & 0x3f)));
      } else if (!Character.isSurrogate(c)) {
        out.put(at++, (byte) (0xe0 | (c >> 12)));
        out.put(at++, (byte) (0x80 | ((c >> 6) & 0x3f)));
        out.put(at++, (byte) (0x80 | (c & 0x3f)));
      } else if (startsPair(text, i)) {
        int codePoint = Character.toCodePoint(c, text.charAt(++i));
        out.put(at++, (byte) (0xf0 | (codePoint >> 18)));
        out.put(at++, (byte) (0x80 | ((codePoint >> 12) & 0x3f)));
        out.put(at++, (byte) (0x80 | ((codePoint >> 6) & 0x3f)));
        out.put(at++, (byte) (0x80 | (codePoint & 0x3f)));
      } else {
        out.put(at++, (byte) '?');
      }
    }
    return at;
  }

  private static boolean startsPair(String text, int index) {
    return index + 1 < text.length()
        && Character.isSurrogatePair(text.charAt(index), text.charAt(index + 1));
  }
}
