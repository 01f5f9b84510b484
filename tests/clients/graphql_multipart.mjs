// A subscription over Apollo Client's HttpLink, which asks for parts: prints each result as a line of
// JSON.
import { ApolloClient, HttpLink, InMemoryCache, gql } from "@apollo/client";

const [url, query, variables, resumeFrom] = process.argv.slice(2);
const client = new ApolloClient({
  link: new HttpLink({ uri: url, includeExtensions: true }),
  cache: new InMemoryCache(),
});

client
  .subscribe({
    query: gql(query),
    variables: JSON.parse(variables),
    fetchPolicy: "no-cache",
    extensions: resumeFrom ? { resumeFrom } : {},
  })
  .subscribe({
    next: ({ data, error, extensions }) => console.log(JSON.stringify({ data, extensions, error: error?.message })),
    error: (error) => console.log(JSON.stringify({ error: error.message })),
    complete: () => console.log(JSON.stringify({ complete: true })),
  });
