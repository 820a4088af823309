package io.tailrace.broker.testkit;

import io.tailrace.client.TailraceClient;
import io.tailrace.client.TailraceException;
import io.tailrace.client.Topic;
import io.tailrace.protocol.error.ErrorCode;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/** Makes the topics of tests, also on a machine that is busy with other work. Stateless. */
public final class TestTopics {
  private static final long PATIENCE_NS = TimeUnit.SECONDS.toNanos(60);

  private TestTopics() {}

  /**
   * Makes a topic; tries again when ZooKeeper has not answered in time. A topic that exists is an
   * error, unless an attempt whose outcome is not known may have made it.
   */
  public static void create(TailraceClient client, Topic topic) {
    long deadline = System.nanoTime() + PATIENCE_NS;
    boolean mayExist = false;
    while (true) {
      try {
        client.admin().createTopic(topic).join();
        return;
      } catch (CompletionException e) {
        if (!(e.getCause() instanceof TailraceException known)) {
          throw e;
        }
        if (mayExist && known.code() == ErrorCode.TOPIC_EXISTS) {
          return;
        }
        mayExist |= known.code() == ErrorCode.OUTCOME_UNKNOWN;
        boolean again = known.retriable() || known.code() == ErrorCode.OUTCOME_UNKNOWN;
        if (!again || System.nanoTime() > deadline) {
          throw e;
        }
      }
    }
  }
}
