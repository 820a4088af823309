package io.tailrace.protocol.port;

/**
 * The source of time. Production uses {@link #SYSTEM}; tests and the simulator implement their own.
 * Thread-safe.
 */
public interface Clock {

  /** The clock of this machine. */
  Clock SYSTEM =
      new Clock() {
        @Override
        public long wallMs() {
          return System.currentTimeMillis();
        }

        @Override
        public long nanoTime() {
          return System.nanoTime();
        }
      };

  /**
   * Milliseconds since 1970-01-01T00:00Z; may jump either way. For timestamps in records and
   * retention.
   */
  long wallMs();

  /** Nanoseconds since an arbitrary moment; never goes back. For timeouts and durations. */
  long nanoTime();

  /** Milliseconds since an arbitrary moment; never goes back. */
  default long monotonicMs() {
    return nanoTime() / 1_000_000;
  }
}
