package io.tailrace.client.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.util.HexFormat;

/**
 * Arguments as the script {@code bin/tailrace} hands them over when they are not plain ASCII: an
 * {@code x}, then two hexadecimal digits for each byte. The JVM decodes arguments by the locale,
 * and replaces what that does not cover, which would store other bytes than those that were typed.
 */
final class EncodedArguments {
  private EncodedArguments() {}

  /**
   * Decodes arguments.
   *
   * @param charset the charset of the bytes; null when the arguments are not encoded
   * @throws CommandException when an argument is not text of that charset
   */
  static String[] decode(String charset, String... arguments) {
    if (charset == null) {
      return arguments;
    }
    Charset known = charset(charset);
    String[] decoded = new String[arguments.length];
    for (int i = 0; i < arguments.length; i++) {
      byte[] bytes = HexFormat.of().parseHex(arguments[i], 1, arguments[i].length());
      try {
        decoded[i] = known.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      } catch (CharacterCodingException e) {
        throw CommandException.badInput(
            "argument "
                + (i + 1)
                + " ('"
                + new String(bytes, known)
                + "') is not text in "
                + known.name()
                + "; write it in that, or give the records with --file",
            e);
      }
    }
    return decoded;
  }

  private static Charset charset(String name) {
    try {
      return Charset.forName(name);
    } catch (IllegalCharsetNameException | UnsupportedCharsetException e) {
      return StandardCharsets.UTF_8;
    }
  }
}
