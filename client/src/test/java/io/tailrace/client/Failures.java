package io.tailrace.client;

import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** Reads how futures fail. */
final class Failures {
  private static final int SECONDS = 30;

  private Failures() {}

  /** The exception that a future fails with. */
  static TailraceException of(CompletableFuture<?> future) {
    ExecutionException error =
        assertThrows(ExecutionException.class, () -> future.get(SECONDS, TimeUnit.SECONDS));
    return assertInstanceOf(TailraceException.class, error.getCause());
  }

  /** The code that a future fails with. */
  static ErrorCode codeOf(CompletableFuture<?> future) {
    return of(future).code();
  }
}
