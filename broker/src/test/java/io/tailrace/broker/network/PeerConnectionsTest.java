package io.tailrace.broker.network;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.netty.util.concurrent.EventExecutor;
import io.tailrace.broker.testkit.RawClient;
import io.tailrace.coordinator.cluster.BrokerImage;
import io.tailrace.coordinator.cluster.ClusterImage;
import io.tailrace.protocol.error.ErrorCode;
import io.tailrace.protocol.frame.ApiKey;
import io.tailrace.protocol.frame.ResponseFrame;
import io.tailrace.protocol.message.MetadataRequest;
import io.tailrace.protocol.message.PeerIdentity;
import io.tailrace.protocol.message.PingRequest;
import io.tailrace.protocol.message.PingResponse;
import io.tailrace.protocol.port.Clock;
import io.tailrace.protocol.topic.Ids;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PeerConnectionsTest {
  private static final int PLACES = 2;
  private static final UUID DIRECTORY = new UUID(3, 4);
  private static final BrokerImage OTHER_BROKER =
      new BrokerImage(1, 1, Map.of(), "", DIRECTORY, true);

  private final EventLoops loops = EventLoops.create(2);
  private final CountDownLatch unblocked = new CountDownLatch(1);
  private final List<RawClient> clients = new ArrayList<>();
  private volatile ClusterImage image = imageWith(OTHER_BROKER);
  private volatile EventExecutor answeredOn;
  private final TestServer server = start();

  @AfterEach
  void close() throws IOException {
    unblocked.countDown();
    for (RawClient client : clients) {
      client.close();
    }
    server.close();
  }

  // ---- pings ----

  @Test
  void answersPingsOfABrokerWhileEveryPartitionThreadIsBlocked() throws Exception {
    RawClient before = broker(true);

    blockPartitionThreads();

    assertPinged(before);
    assertPinged(broker(true)); // which is accepted meanwhile
    assertPinged(before);
  }

  @Test
  void answersPingsApartFromPartitionsOnceTheRegistrationOfTheBrokerIsKnown() throws Exception {
    image = ClusterImage.EMPTY;
    RawClient early = broker(true);
    assertPinged(early);
    assertEquals(1, server.server().connectionCount());

    image = imageWith(OTHER_BROKER);
    TestServer.await("it is known", () -> server.server().connectionCount() == 0);
    assertPinged(early);

    do {
      assertPinged(early);
    } while (answeredOn != loops.peers().next()); // it moves when it is quiet
    blockPartitionThreads();
    assertPinged(early);
  }

  @Test
  void aConnectionForPingsTakesNothingElse() throws Exception {
    RawClient pings = broker(true);

    pings.send(pings.request(ApiKey.METADATA, MetadataRequest.getDefaultInstance(), new byte[0]));

    assertAnswer(pings, ErrorCode.INVALID_REQUEST);
    assertPinged(pings);
  }

  @Test
  void aClientDoesNotReachTheThreadThatAnswersPings() throws Exception {
    assertPinged(client().greet(peer(new UUID(5, 6), true)));

    assertNotSame(loops.peers().next(), answeredOn);
  }

  // ---- places ----

  @Test
  void brokersConnectWhenAllPlacesAreTaken() throws Exception {
    for (int i = 0; i < PLACES; i++) {
      client().greet();
    }

    RawClient follower = broker(false);
    assertPinged(follower);
    assertPinged(broker(true));

    assertEquals(PLACES, server.server().connectionCount());
  }

  @Test
  void brokersLeaveAllPlacesToClients() throws Exception {
    for (int i = 0; i < 2 * PLACES; i++) {
      broker(i % 2 == 0);
    }
    assertEquals(0, server.server().connectionCount());

    for (int i = 0; i < PLACES; i++) {
      assertPinged(client().greet());
    }
  }

  @Test
  void aClientCannotPassForABroker() throws Exception {
    for (int i = 0; i < PLACES; i++) {
      client().greet();
    }

    Introduced liar = introduce(peer(new UUID(5, 6), false));
    assertEquals(ErrorCode.OVERLOADED, liar.answer());
    liar.client().awaitClosed();
    assertTrue(server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS) > 0);
    assertEquals(PLACES, server.server().connectionCount());
  }

  @Test
  void connectionsWithoutAPlaceGiveWayToTheBrokersAmongThem() throws Exception {
    for (int i = 0; i < PLACES; i++) {
      client().greet();
    }

    for (int i = 0; i < 40; i++) {
      client(); // says nothing
    }
    assertPinged(broker(false));

    TestServer.await(
        "all others are closed",
        () -> server.server().refusedCount(Refusal.TOO_MANY_CONNECTIONS) >= 40);
    assertEquals(PLACES, server.server().connectionCount());
  }

  // ---- how ----

  private TestServer start() {
    try {
      return new TestServer(
          loops,
          TestServer.limits(10, PLACES),
          Clock.SYSTEM,
          () -> image,
          memory -> Map.of(ApiKey.PING, this::answer));
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private void answer(Request ping) {
    answeredOn = ping.loop();
    ping.respond(PingResponse.getDefaultInstance());
  }

  private RawClient client() throws IOException {
    RawClient client = server.client();
    clients.add(client);
    return client;
  }

  private RawClient broker(boolean pings) throws IOException {
    Introduced introduced = introduce(peer(DIRECTORY, pings));
    assertEquals(ErrorCode.NONE, introduced.answer());
    return introduced.client();
  }

  private record Introduced(RawClient client, ErrorCode answer) {}

  /**
   * Connects and shakes hands; again when that took more than a second, after which a connection
   * without a place is closed.
   */
  private Introduced introduce(PeerIdentity peer) throws IOException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    while (true) {
      RawClient client = client();
      try {
        return new Introduced(client, client.introduce(peer));
      } catch (IOException e) {
        if (System.nanoTime() - deadline > 0) {
          throw e;
        }
      }
    }
  }

  private static PeerIdentity peer(UUID directoryId, boolean pings) {
    return PeerIdentity.newBuilder()
        .setBrokerId(OTHER_BROKER.id())
        .setDirectoryId(Ids.toMessage(directoryId))
        .setPings(pings)
        .build();
  }

  private static ClusterImage imageWith(BrokerImage broker) {
    return new ClusterImage(
        1, "test", 0, Map.of(broker.id(), broker), Map.of(), Map.of(), Map.of());
  }

  private void blockPartitionThreads() throws InterruptedException {
    CountDownLatch blocked = new CountDownLatch(2);
    for (EventExecutor loop : loops.loops()) {
      loop.execute(
          () -> {
            blocked.countDown();
            try {
              unblocked.await();
            } catch (InterruptedException e) {
              Thread.currentThread().interrupt();
            }
          });
    }
    blocked.await();
  }

  private static void assertPinged(RawClient client) throws IOException {
    client.send(client.request(ApiKey.PING, PingRequest.getDefaultInstance(), new byte[0]));
    assertAnswer(client, ErrorCode.NONE);
  }

  private static void assertAnswer(RawClient client, ErrorCode code) throws IOException {
    ResponseFrame response = client.receive();
    assertEquals(code, response.error());
    response.release();
  }
}
