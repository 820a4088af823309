package io.tailrace.client.metadata;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import io.netty.buffer.ByteBuf;
import io.tailrace.client.TailraceException;
import io.tailrace.client.network.Backoff;
import io.tailrace.client.network.BrokerAddress;
import io.tailrace.client.network.BrokerConnection;
import io.tailrace.client.network.BrokerRequest;
import io.tailrace.client.network.Connections;
import io.tailrace.client.network.Network;
import io.tailrace.client.network.ResponseHandler;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.IntSupplier;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Single requests to the cluster that are retried until they succeed, fail for good, or run out of
 * time: the calls of the admin, and producer ids. Thread-safe.
 */
public final class ClusterCalls {
  private static final int FIRST_BACKOFF_MS = 20;
  private static final int MAX_BACKOFF_MS = 500;
  private static final int NO_BROKER = -1;

  /** A broker that has not answered by then may be frozen; another is asked the same. */
  private static final int REPEATABLE_ATTEMPT_MS = 4000;

  private final Network network;
  private final Connections connections;
  private final Metadata metadata;

  /** Makes calls over these connections. */
  public ClusterCalls(Network network, Connections connections, Metadata metadata) {
    this.network = network;
    this.connections = connections;
    this.metadata = metadata;
  }

  /**
   * What to ask, and how to read the answer.
   *
   * @param errorCode reads the error code out of a response
   * @param errorMessage reads the text out of it
   * @param repeatable whether asking twice does no harm; if not, an outcome that is unknown is not
   *     retried but reported
   * @param subject names what it is about, for messages
   */
  public record Call<R extends MessageLite>(
      ApiKey api,
      MessageLite body,
      Parser<R> parser,
      ToIntFunction<R> errorCode,
      Function<R, String> errorMessage,
      boolean repeatable,
      String subject) {}

  /** Asks any broker. */
  public <R extends MessageLite> CompletableFuture<R> any(Call<R> call) {
    return start(call, new AnyBroker(() -> NO_BROKER));
  }

  /**
   * Asks the controller, or any broker while the controller is not known, cannot be reached or is
   * silent.
   */
  public <R extends MessageLite> CompletableFuture<R> controller(Call<R> call) {
    return start(call, new AnyBroker(() -> metadata.view().controller()));
  }

  /** Asks this broker. */
  public <R extends MessageLite> CompletableFuture<R> broker(int id, Call<R> call) {
    return start(call, () -> connections.commands(id));
  }

  /**
   * Asks the broker that a target names before each attempt.
   *
   * @param target told of failures; used on the network's scheduler
   */
  public <R extends MessageLite> CompletableFuture<R> at(Target target, Call<R> call) {
    return start(call, target);
  }

  private <R extends MessageLite> CompletableFuture<R> start(Call<R> call, Target target) {
    Attempts<R> attempts = new Attempts<>(call, target);
    network.scheduler().runOrExecute(attempts::ask);
    return attempts.future;
  }

  /**
   * The preferred broker of a call, or any other; those that are silent or have not answered this
   * call come last.
   */
  private final class AnyBroker implements Target {
    private final IntSupplier preferred;
    private final Set<BrokerConnection> failed = new HashSet<>();
    private BrokerConnection asked;

    AnyBroker(IntSupplier preferred) {
      this.preferred = preferred;
    }

    @Override
    public BrokerConnection find() {
      BrokerConnection first = connections.commands(preferred.getAsInt());
      asked = first != null && first.usable() && !isDoubtful(first) ? first : choose();
      return asked;
    }

    private BrokerConnection choose() {
      List<BrokerConnection> usable = new ArrayList<>();
      for (BrokerAddress broker : metadata.view().brokers().values()) {
        BrokerConnection connection = connections.commands(broker.id());
        if (connection.usable()) {
          usable.add(connection);
        }
      }
      BrokerConnection best = pick(usable, each -> each.ready() && !isDoubtful(each));
      best = best == null ? pick(usable, each -> !isDoubtful(each)) : best;
      return best == null ? pick(usable, each -> true) : best;
    }

    private BrokerConnection pick(
        List<BrokerConnection> from, Predicate<BrokerConnection> condition) {
      List<BrokerConnection> fit = from.stream().filter(condition).toList();
      return fit.isEmpty() ? null : fit.get(network.random().nextInt(fit.size()));
    }

    private boolean isDoubtful(BrokerConnection connection) {
      return connection.suspect() || failed.contains(connection);
    }

    @Override
    public void onFailure(TailraceException error) {
      switch (error.code()) {
        case OUTCOME_UNKNOWN, REQUEST_TIMED_OUT, CONNECTION_FAILED -> failed.add(asked);
        default -> {} // it answered
      }
    }
  }

  /** Where a call goes. */
  @FunctionalInterface
  public interface Target {
    /** Finds the broker to ask next; null when none can be asked now. */
    BrokerConnection find();

    /** What the broker is asked, given the call's body. */
    default MessageLite body(MessageLite body) {
      return body;
    }

    /** Why {@link #find} found none; null when no broker at all can be reached. */
    default TailraceException whyNone() {
      return null;
    }

    /** The broker did not do it: perhaps another one is to be asked. */
    default void onFailure(TailraceException error) {}
  }

  /** The attempts of one call. Confined to the scheduler, but for the future. */
  private final class Attempts<R extends MessageLite> implements ResponseHandler<R> {
    private final CompletableFuture<R> future = new CompletableFuture<>();
    private final Call<R> call;
    private final Target target;
    private final long deadlineMs;
    private final Backoff backoff = new Backoff(FIRST_BACKOFF_MS, MAX_BACKOFF_MS, network.random());
    private TailraceException lastError;

    Attempts(Call<R> call, Target target) {
      this.call = call;
      this.target = target;
      this.deadlineMs = network.clock().monotonicMs() + network.config().requestTimeoutMs();
    }

    void ask() {
      long left = deadlineMs - network.clock().monotonicMs();
      if (left <= 0) {
        future.completeExceptionally(timedOut());
        return;
      }
      BrokerConnection connection = target.find();
      if (connection == null) {
        TailraceException why = target.whyNone();
        retry(
            why != null
                ? why
                : new TailraceException(
                    ErrorCode.BROKER_NOT_AVAILABLE,
                    "no broker of the cluster at " + metadata.bootstrapText() + " can be reached"));
        return;
      }
      int timeoutMs = (int) (call.repeatable ? Math.min(left, REPEATABLE_ATTEMPT_MS) : left);
      connection.send(
          new BrokerRequest<>(call.api, target.body(call.body), call.parser, timeoutMs, this));
    }

    @Override
    public void onResponse(R body, ByteBuf records) {
      ErrorCode code = ErrorCode.of(call.errorCode.applyAsInt(body));
      if (code == ErrorCode.NONE) {
        future.complete(body);
        return;
      }
      String text = call.errorMessage.apply(body);
      onFailure(new TailraceException(code, ErrorText.about(call.subject, code, text)));
    }

    @Override
    public void onFailure(TailraceException error) {
      target.onFailure(error);
      boolean unknown =
          error.code() == ErrorCode.OUTCOME_UNKNOWN || error.code() == ErrorCode.REQUEST_TIMED_OUT;
      // A topic that is not there will not come by asking again.
      boolean passing = error.retriable() && error.code() != ErrorCode.UNKNOWN_TOPIC;
      if (!passing || (unknown && !call.repeatable)) {
        future.completeExceptionally(error);
      } else {
        retry(error);
      }
    }

    private void retry(TailraceException error) {
      lastError = error;
      long left = deadlineMs - network.clock().monotonicMs();
      int waitMs = backoff.nextMs();
      if (waitMs >= left) {
        future.completeExceptionally(timedOut());
        return;
      }
      metadata.refresh();
      network.scheduler().schedule(this::ask, waitMs);
    }

    private TailraceException timedOut() {
      int timeoutMs = network.config().requestTimeoutMs();
      return lastError == null
          ? new TailraceException(
              ErrorCode.REQUEST_TIMED_OUT, call.subject + ": no answer within " + timeoutMs + " ms")
          : new TailraceException(
              lastError.code(),
              call.subject + ": gave up after " + timeoutMs + " ms: " + lastError.getMessage(),
              lastError);
    }
  }
}
