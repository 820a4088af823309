package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.tailrace.broker.log.ManualClock;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.event.Level;

class RefusalLogTest {
  private final ManualClock clock = new ManualClock(0);
  private final ListAppender<ILoggingEvent> written = new ListAppender<>();
  private RefusalLog log;

  @BeforeEach
  void start() {
    LoggerContext context = new LoggerContext();
    Logger logger = context.getLogger("test");
    written.start();
    logger.addAppender(written);
    log = new RefusalLog(logger, Level.WARN, "closed the connection of", clock);
  }

  @Test
  void writesTheFirstOfEachKindAtOnceAndCountsTheOthers() {
    for (int i = 0; i < 500; i++) {
      log.note("a", "peer", "no frame");
    }
    log.note("b", "peer", "no handshake");
    log.onTick();
    assertEquals(
        List.of(
            "closed the connection of peer: no frame (a); 1 so far",
            "closed the connection of peer: no handshake (b); 1 so far"),
        lines());

    clock.setMs(RefusalLog.QUIET_MS);
    log.onTick();
    log.onTick();
    assertEquals(3, lines().size());
    assertEquals(
        "closed the connection of others: 499 more (a) within 10 s; 500 so far", lines().get(2));
  }

  @Test
  void keepsTextsOfStrangersShortAndOnOneLine() {
    log.note("a", "peer", "x\n2026 ERROR forged\u2028\u001b[31m" + "y".repeat(10_000));
    String line = lines().get(0);
    assertTrue(line.length() < 600, line);
    assertTrue(
        line.startsWith("closed the connection of peer: x?2026 ERROR forged??[31myyy"), line);
  }

  private List<String> lines() {
    return written.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }
}
