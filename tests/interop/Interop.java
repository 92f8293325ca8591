import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.KGroupedStream;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.SessionWindows;
import org.apache.kafka.streams.kstream.TimeWindows;
import org.apache.kafka.streams.kstream.Windowed;
import org.apache.kafka.streams.kstream.WindowedSerdes;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers;
import org.apache.kafka.streams.state.SessionStore;
import org.apache.kafka.streams.state.WindowStore;

/**
 * A Kafka Streams program on one side of topics that StreamGuard has on the other.
 *
 * <p>It counts the records of {@code events} by key in windows of a minute and in sessions, and writes the
 * counts to {@code ks_time} and {@code ks_session} with keys as Kafka Streams makes them. What StreamGuard
 * writes with windowed keys it reads by the same serdes and prints: {@code seen TOPIC KEY START END VALUE}.
 *
 * <p>Arguments: the bootstrap server, a directory for state, a file of events (key, tab, time), how many records
 * to see, then the topics to read with time windows, {@code --}, and those with sessions. It says {@code ready}
 * when the topics are made, and ends a moment after it has seen as many records, or after {@link #LIMIT}.
 */
public final class Interop {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final Duration LIMIT = Duration.ofMinutes(2);
    /** For a record too many to be seen as well. */
    private static final Duration LINGER = Duration.ofMillis(500);
    private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

    private static CountDownLatch unseen;

    public static void main(String[] args) throws Exception {
        List<String> topics = List.of(args).subList(4, args.length);
        int middle = topics.indexOf("--");
        Topology topology = topology(topics.subList(0, middle), topics.subList(middle + 1, topics.size()));
        unseen = new CountDownLatch(Integer.parseInt(args[3]));
        createTopics(args[0], topics);
        say("ready");
        try (KafkaStreams streams = new KafkaStreams(topology, settings(args[0], args[1]))) {
            streams.setUncaughtExceptionHandler(error -> {
                say("failed " + error);
                return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
            });
            streams.start();
            produce(args[0], args[2]);
            boolean all = unseen.await(LIMIT.toSeconds(), TimeUnit.SECONDS);
            Thread.sleep(LINGER.toMillis());
            streams.close(Duration.ofSeconds(5));
            System.exit(all ? 0 : 1);
        }
    }

    private static Topology topology(List<String> timed, List<String> sessions) {
        StreamsBuilder builder = new StreamsBuilder();
        KGroupedStream<String, String> events = builder.stream("events", Consumed.with(Serdes.String(), Serdes.String()))
                .groupByKey(Grouped.with(Serdes.String(), Serdes.String()));
        Serde<Windowed<String>> time = WindowedSerdes.timeWindowedSerdeFrom(String.class, MINUTE.toMillis());
        Serde<Windowed<String>> session = WindowedSerdes.sessionWindowedSerdeFrom(String.class);
        written(events.windowedBy(TimeWindows.ofSizeWithNoGrace(MINUTE))
                .count(Materialized.<String, Long, WindowStore<Bytes, byte[]>>with(Serdes.String(), Serdes.Long()))
                .toStream()).to("ks_time", Produced.with(time, Serdes.String()));
        written(events.windowedBy(SessionWindows.ofInactivityGapWithNoGrace(MINUTE))
                .count(Materialized.<String, Long, SessionStore<Bytes, byte[]>>with(Serdes.String(), Serdes.Long()))
                .toStream()).to("ks_session", Produced.with(session, Serdes.String()));
        timed.forEach(topic -> print(builder, topic, time));
        sessions.forEach(topic -> print(builder, topic, session));
        return builder.build();
    }

    /** The counts as JSON; a session that moved leaves a tombstone. */
    private static KStream<Windowed<String>, String> written(KStream<Windowed<String>, Long> counts) {
        return counts.mapValues(count -> count == null ? null : "{\"N\":" + count + "}");
    }

    private static void print(StreamsBuilder builder, String topic, Serde<Windowed<String>> serde) {
        builder.stream(topic, Consumed.with(serde, Serdes.String())).foreach((key, value) -> {
            say("seen " + topic + " " + key.key() + " " + key.window().start() + " " + key.window().end() + " " + value);
            unseen.countDown();
        });
    }

    private static void createTopics(String bootstrap, List<String> read) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            List<NewTopic> topics = Stream.concat(
                            Stream.of("events", "ks_time", "ks_session"), read.stream())
                    .filter(name -> !name.equals("--"))
                    .map(name -> new NewTopic(name, Optional.of(1), Optional.of((short) 1)))
                    .toList();
            admin.createTopics(topics).all().get();
        }
    }

    private static void produce(String bootstrap, String file) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        try (KafkaProducer<String, String> producer =
                new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
            for (String line : Files.readAllLines(Path.of(file))) {
                String[] event = line.split("\t");
                producer.send(new ProducerRecord<>("events", 0, Long.valueOf(event[1]), event[0], "{\"A\":1}")).get();
            }
        }
    }

    private static Properties settings(String bootstrap, String directory) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, "interop");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, directory);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG,
                BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers.class);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");
        return settings;
    }

    private static void say(String line) {
        OUT.println(line);
    }
}
