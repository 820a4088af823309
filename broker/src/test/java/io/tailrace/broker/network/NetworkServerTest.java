package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.tailrace.broker.testkit.RawClient;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.port.Clock;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class NetworkServerTest {
  private static final long LONG_MS = 60_000;

  /** The correlation id behind the handshake's. */
  private static final int FIRST = 2;

  private final HeldRequests held = new HeldRequests();
  private TestServer server;

  @AfterEach
  void close() {
    server.close();
  }

  // ---- stopping ----

  @Test
  void stoppingWaitsForTheRequestsInWorkAndReadsNoOthers() throws Exception {
    start(TestServer.wideLimits());
    try (RawClient client = server.client().greet()) {
      client.send(requests(client, 1));
      Request inWork = held.take();

      CompletableFuture<Integer> stopped = stop(LONG_MS);
      awaitCutShort(inWork);
      client.send(requests(client, 1));
      assertFalse(stopped.isDone());
      HeldRequests.answer(inWork);

      assertAnswer(client, inWork.correlationId(), ErrorCode.NONE);
      client.awaitClosed();
      client.socket().close();
      assertEquals(0, stopped.get(TestServer.AWAIT_S, TimeUnit.SECONDS));
      assertEquals(0, held.size());
    }
  }

  @Test
  void stoppingRefusesRequestsThatWereReadAndNotBegun() throws Exception {
    start(TestServer.limits(1, 10));
    try (RawClient client = server.client().greet()) {
      client.send(requests(client, 3));
      Request inWork = held.take();

      CompletableFuture<Integer> stopped = stop(LONG_MS);
      assertAnswer(client, inWork.correlationId() + 1, ErrorCode.SHUTTING_DOWN);
      assertAnswer(client, inWork.correlationId() + 2, ErrorCode.SHUTTING_DOWN);
      assertTrue(ErrorCode.SHUTTING_DOWN.retriable());
      HeldRequests.answer(inWork);

      assertAnswer(client, inWork.correlationId(), ErrorCode.NONE);
      client.awaitClosed();
      client.socket().close();
      assertEquals(0, stopped.get(TestServer.AWAIT_S, TimeUnit.SECONDS));
    }
  }

  @Test
  void stoppingHasRequestsThatWaitAnsweredAtOnce() throws Exception {
    start(TestServer.wideLimits());
    try (RawClient client = server.client().greet()) {
      client.send(requests(client, 1));
      Request waiting = held.take();
      waiting.loop().submit(() -> waiting.onCutShort(() -> HeldRequests.answer(waiting))).sync();

      CompletableFuture<Integer> stopped = stop(LONG_MS);

      assertAnswer(client, waiting.correlationId(), ErrorCode.NONE);
      client.awaitClosed();
      client.socket().close();
      assertEquals(0, stopped.get(TestServer.AWAIT_S, TimeUnit.SECONDS));
    }
  }

  @Test
  void stoppingGivesUpOnARequestThatIsNotAnsweredInTime() throws Exception {
    start(TestServer.wideLimits());
    try (RawClient client = server.client().greet()) {
      client.send(requests(client, 1));
      Request never = held.take();

      assertEquals(1, stop(10).get(TestServer.AWAIT_S, TimeUnit.SECONDS));

      client.awaitClosed();
      HeldRequests.answer(never); // nobody is there any more
    }
  }

  @Test
  void aClientThatDoesNotCloseItsEndDoesNotHoldUpTheStop() throws Exception {
    start(TestServer.wideLimits());
    try (RawClient client = server.client().greet()) {
      assertEquals(0, stop(LONG_MS).get(LONG_MS / 2, TimeUnit.MILLISECONDS));
      client.awaitClosed();
    }
  }

  // ---- limits ----

  @Test
  void whoHasTooManyRequestsInWorkIsHeldBackAndGetsAllAnswers() throws Exception {
    start(TestServer.limits(3, 10));
    try (RawClient greedy = server.client().greet();
        RawClient other = server.client().greet()) {
      greedy.send(requests(greedy, 10));
      TestServer.await("three are in work", () -> held.size() == 3);
      other.send(requests(other, 1));
      TestServer.await("and one of another client", () -> held.size() == 4);

      Deque<Request> inWork = new ArrayDeque<>(List.of(held.take(), held.take(), held.take()));
      HeldRequests.answer(held.take());
      assertAnswer(other, FIRST, ErrorCode.NONE);

      for (int i = 0; i < 10; i++) {
        Request next = inWork.remove();
        HeldRequests.answer(next);
        next.loop().submit(() -> {}).sync(); // answered
        next.loop().submit(() -> {}).sync(); // what waited is let in by a turn of its own
        assertEquals(i < 7 ? 1 : 0, held.size()); // an answer lets in one request
        if (i < 7) {
          inWork.add(held.take());
        }
        assertAnswer(greedy, FIRST + i, ErrorCode.NONE);
      }
    }
  }

  @Test
  void whenAllPlacesAreTakenAFurtherClientIsClosedAndTheOthersGoOn() throws Exception {
    start(TestServer.limits(10, 4), 3);
    List<RawClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        clients.add(server.client().greet());
      }
      try (RawClient further = server.client()) {
        further.awaitClosed();
      }
      assertEquals(1, server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS));
      assertEquals(4, server.server().connectionCount());
      for (RawClient client : clients) {
        client.send(requests(client, 1));
        HeldRequests.answer(held.take());
        assertAnswer(client, FIRST, ErrorCode.NONE);
      }

      clients.get(0).close();
      TestServer.await("a place is free", () -> server.server().connectionCount() == 3);
      clients.add(server.client().greet());
      assertEquals(1, server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS));
    } finally {
      close(clients);
    }
  }

  @Test
  void silentConnectionsOfEveryLoopGiveWayToAClientAndOnlyThey() throws Exception {
    start(TestServer.limits(10, 3), 4); // each connection has another loop
    List<RawClient> clients = new ArrayList<>();
    try {
      clients.add(server.client().greet());
      clients.add(server.client());
      clients.add(server.client());
      TestServer.await("all places are taken", () -> server.server().connectionCount() == 3);
      for (int i = 0; i < 2; i++) {
        clients.add(server.client().greet());
      }
      clients.get(1).awaitClosed();
      clients.get(2).awaitClosed();
      assertEquals(2, server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS));
      assertEquals(3, server.server().connectionCount());
      for (int i : new int[] {0, 3, 4}) {
        clients.get(i).send(requests(clients.get(i), 1));
        HeldRequests.answer(held.take());
        assertAnswer(clients.get(i), FIRST, ErrorCode.NONE);
      }
    } finally {
      close(clients);
    }
  }

  @Test
  void aCrowdOnManyLoopsNeverTakesMorePlacesThanThereAre() throws Exception {
    int places = 8;
    start(TestServer.limits(10, places), 4);
    List<RawClient> crowd = Collections.synchronizedList(new ArrayList<>());
    List<CompletableFuture<Void>> comers = new ArrayList<>();
    try {
      for (int i = 0; i < 4; i++) {
        comers.add(CompletableFuture.runAsync(() -> connect(50, crowd)));
      }
      CompletableFuture<Void> all =
          CompletableFuture.allOf(comers.toArray(CompletableFuture[]::new));
      int most = 0;
      while (!all.isDone()) {
        most = Math.max(most, server.server().connectionCount());
      }
      all.join();
      assertTrue(most <= places, most + " connections");
      TestServer.await(
          "all others gave way or were closed",
          () ->
              server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS) == crowd.size() - places);
      // The last of them is counted before the connection that it gave way to is.
      TestServer.await("every place is taken", () -> server.server().connectionCount() == places);
    } finally {
      close(crowd);
    }
  }

  // ---- how ----

  private void start(NetworkLimits limits) throws IOException {
    start(limits, 1);
  }

  private void start(NetworkLimits limits, int loops) throws IOException {
    server =
        new TestServer(
            EventLoops.create(loops),
            limits,
            Clock.SYSTEM,
            memory -> Map.of(ApiKey.METADATA, held));
  }

  private void connect(int times, List<RawClient> to) {
    try {
      for (int i = 0; i < times; i++) {
        to.add(server.client());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void close(List<RawClient> clients) throws IOException {
    for (RawClient client : clients) {
      client.close();
    }
  }

  private CompletableFuture<Integer> stop(long timeoutMs) {
    CompletableFuture<Integer> unanswered = new CompletableFuture<>();
    Thread thread = new Thread(() -> unanswered.complete(server.server().stop(timeoutMs)), "stop");
    thread.setDaemon(true);
    thread.start();
    return unanswered;
  }

  private static void awaitCutShort(Request request) {
    TestServer.await(
        "the stop has begun",
        () -> {
          try {
            return request.loop().submit(request::isCutShort).get();
          } catch (InterruptedException | ExecutionException e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private static byte[] requests(RawClient client, int count) {
    ByteArrayOutputStream frames = new ByteArrayOutputStream();
    for (int i = 0; i < count; i++) {
      frames.writeBytes(
          client.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));
    }
    return frames.toByteArray();
  }

  private static void assertAnswer(RawClient client, int correlationId, ErrorCode code)
      throws IOException {
    ResponseFrame response = client.receive();
    assertEquals(correlationId, response.header().getCorrelationId());
    assertEquals(code, response.error());
    response.release();
  }
}
