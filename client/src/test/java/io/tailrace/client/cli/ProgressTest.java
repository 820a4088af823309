package io.tailrace.client.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ProgressTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private long nowNanos = Long.MAX_VALUE - 5; // a clock that starts anywhere, and wraps

  @Test
  void drawsABarOverItselfOnAScreen() {
    Progress progress = progress(true, 1000);

    pass(Duration.ofSeconds(1));
    progress.update(250);
    assertEquals(
        "\r[=======                       ] copied 250 of 1,000 records (25 %), 250/s, 3 s left",
        said());

    pass(Duration.ofSeconds(3));
    progress.update(1000);
    assertEquals(
        "\r[==============================] copied 1,000 of 1,000 records (100 %), 250/s       ",
        said());
  }

  @Test
  void clearsTheBarInTheEnd() {
    Progress progress = progress(true, 10);
    pass(Duration.ofSeconds(1));
    progress.update(10);
    int width = said().length() - "\r".length();

    progress.end();

    assertEquals("\r" + " ".repeat(width) + "\r", said());
  }

  @Test
  void drawsNoBarWhereTheWorkWasOverBeforeItWasTime() {
    Progress progress = progress(true, 10);

    pass(Duration.ofMillis(99));
    progress.update(10);
    progress.end();

    assertEquals("", said());
  }

  @Test
  void drawsABarTenTimesASecond() {
    Progress progress = progress(true, 100);
    int drawn = 0;

    for (int i = 1; i <= 100; i++) {
      pass(Duration.ofMillis(10));
      progress.update(i);
      drawn += said().isEmpty() ? 0 : 1;
    }

    assertEquals(10, drawn);
  }

  @Test
  void saysALineEveryFiveSecondsElsewhere() {
    Progress progress = progress(false, 100);

    pass(Duration.ofMillis(4_999));
    progress.update(49);
    assertEquals("", said());

    pass(Duration.ofMillis(1));
    progress.update(50);
    assertEquals("copied 50 of 100 records (50 %), 10/s, 5 s left\n", said());

    pass(Duration.ofMillis(4_999));
    progress.update(99);
    progress.end();
    assertEquals("", said());
  }

  @Test
  void isFullWhereThereIsNothingToDoOrMoreThanWasThought() {
    assertEquals(
        "copied 0 of 0 records (100 %), 0/s",
        progress(false, 0).describe(0, Duration.ofSeconds(1)));
    assertEquals(
        "copied 12 of 10 records (100 %), 12/s",
        progress(false, 10).describe(12, Duration.ofSeconds(1)));
  }

  @Test
  void saysNothingOnTheOutput() {
    Terminal terminal = terminal(true);
    Progress progress = new Progress(terminal, "copied", 1, () -> nowNanos);

    pass(Duration.ofSeconds(1));
    progress.update(1);
    progress.end();
    terminal.flush();

    assertEquals("", out.toString(StandardCharsets.UTF_8));
    assertEquals(Duration.ofSeconds(1), progress.elapsed());
  }

  private Progress progress(boolean screen, long total) {
    return new Progress(terminal(screen), "copied", total, () -> nowNanos);
  }

  private Terminal terminal(boolean screen) {
    return new Terminal(
        new ByteArrayInputStream(new byte[0]),
        out,
        new PrintStream(err, true, StandardCharsets.UTF_8),
        screen);
  }

  private void pass(Duration time) {
    nowNanos += time.toNanos();
  }

  /** What was said since this was asked last. */
  private String said() {
    String said = err.toString(StandardCharsets.UTF_8);
    err.reset();
    return said;
  }
}
