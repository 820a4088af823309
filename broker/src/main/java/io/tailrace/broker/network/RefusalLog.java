package io.tailrace.broker.network;

import io.tailrace.protocol.port.Clock;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.event.Level;

/**
 * Logs refused connections and requests: one line for each kind of incident at once, and then at
 * most one in {@link #QUIET_MS}, which counts the incidents that were left out. Texts that came
 * from clients are shortened and kept on one line. Thread-safe.
 */
public final class RefusalLog {
  static final long QUIET_MS = 10_000;
  private static final int MAX_MESSAGE_CHARS = 400;

  private final Logger log;
  private final Level level;
  private final String what;
  private final Clock clock;
  private final Map<String, Kind> kinds = new ConcurrentHashMap<>();

  /**
   * @param what begins every line: what happened
   */
  public RefusalLog(Logger log, Level level, String what, Clock clock) {
    this.log = log;
    this.level = level;
    this.what = what;
    this.clock = clock;
  }

  /** How often one kind happened. Guarded by itself. */
  private static final class Kind {
    private long total;
    private long unwritten;
    private long writtenAtMs;
  }

  /**
   * Counts an incident, and logs it unless the last line about its kind is too recent.
   *
   * @param kind one of a few
   * @param from the client's address
   */
  public void note(String kind, Object from, String message) {
    Kind counted = kinds.computeIfAbsent(kind, key -> new Kind());
    long nowMs = clock.monotonicMs();
    synchronized (counted) {
      counted.total++;
      if (counted.total > 1 && nowMs - counted.writtenAtMs < QUIET_MS) {
        counted.unwritten++;
        return;
      }
      counted.writtenAtMs = nowMs;
      log.atLevel(level)
          .log("{} {}: {} ({}); {} so far", what, from, printable(message), kind, counted.total);
    }
  }

  /** Logs the counts of incidents that were left out. To be called about every second. */
  public void onTick() {
    long nowMs = clock.monotonicMs();
    kinds.forEach(
        (kind, counted) -> {
          synchronized (counted) {
            if (counted.unwritten > 0 && nowMs - counted.writtenAtMs >= QUIET_MS) {
              log.atLevel(level)
                  .log(
                      "{} others: {} more ({}) within {} s; {} so far",
                      what,
                      counted.unwritten,
                      kind,
                      (nowMs - counted.writtenAtMs) / 1000,
                      counted.total);
              counted.unwritten = 0;
              counted.writtenAtMs = nowMs;
            }
          }
        });
  }

  private static String printable(String text) {
    String shown =
        text.length() > MAX_MESSAGE_CHARS ? text.substring(0, MAX_MESSAGE_CHARS) + "..." : text;
    return shown.replaceAll("[\\p{Cntrl}\\u2028\\u2029\\u0085]", "?");
  }
}
