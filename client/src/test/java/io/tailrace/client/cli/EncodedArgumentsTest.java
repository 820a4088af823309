package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EncodedArgumentsTest {
  @Test
  void decodesWhatTheScriptHandsOver() {
    assertArrayEquals(
        new String[] {"ключ", "", "@a b"},
        EncodedArguments.decode("UTF-8", "xd0bad0bbd18ed187", "x", "x40612062"));
    assertArrayEquals(new String[] {"é"}, EncodedArguments.decode("ISO-8859-1", "xe9"));
  }

  @Test
  void takesACharsetThatJavaDoesNotKnowForUtf8() {
    assertArrayEquals(new String[] {"é"}, EncodedArguments.decode("X-NOWHERE", "xc3a9"));
    assertArrayEquals(new String[] {"é"}, EncodedArguments.decode("not a name", "xc3a9"));
  }

  @Test
  void leavesArgumentsThatAreNotEncoded() {
    assertArrayEquals(new String[] {"x41"}, EncodedArguments.decode(null, "x41"));
  }

  @Test
  void refusesBytesThatAreNoText() {
    CommandLineHarness harness = new CommandLineHarness();

    assertEquals(ExitCode.BAD_USAGE, harness.runEncoded("UTF-8", "x746f706963", "xff"));

    assertEquals(
        "tailrace: argument 2 ('\uFFFD') is not text in UTF-8; write it in that, or give the"
            + " records with --file\n",
        harness.err());
  }
}
