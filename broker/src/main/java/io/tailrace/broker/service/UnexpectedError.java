package io.tailrace.broker.service;

import io.tailrace.broker.partition.PartitionError;
import io.tailrace.protocol.error.ErrorCode;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes tasks safe for the threads that they share with other requests: an error that no caller
 * expected is logged and answered, so that no request waits for ever. Stateless.
 */
public final class UnexpectedError {
  private static final Logger LOG = LoggerFactory.getLogger(UnexpectedError.class);

  private UnexpectedError() {}

  /**
   * A task that ends normally.
   *
   * @param what is worked on, for the log
   * @param onError gets what the task threw, also an {@link Error}
   */
  public static Runnable guard(Object what, Runnable task, Consumer<Throwable> onError) {
    return () -> {
      try {
        task.run();
      } catch (Throwable e) {
        LOG.error("{} met an unexpected error", what, e);
        onError.accept(e);
      }
    };
  }

  /** The error for the client. */
  public static String message(Throwable e) {
    return "the broker met an unexpected error: " + e;
  }

  public static PartitionError of(ErrorCode code, Throwable e) {
    return new PartitionError(code, message(e));
  }
}
